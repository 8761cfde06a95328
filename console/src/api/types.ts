/** The node's wire shapes, under the names the console uses; all of them come from openapi.json. */
import type { components } from './schema'

type Schemas = components['schemas']

/** The node writes every property of an answer; one without a value is null. */
type Whole<T> = T extends (infer Item)[]
  ? Whole<Item>[]
  : T extends object
    ? { [Key in keyof T]-?: Whole<Exclude<T[Key], undefined>> }
    : T

export interface List<T> {
  items: T[]
  next_cursor: string | null
}

export type Text = Schemas['Text']
export type Named = Whole<Schemas['UnitRef']>
export type Me = Whole<Schemas['Me']>
export type RoleGrant = Whole<Schemas['GrantView']>
export type SignInWays = Whole<Schemas['SignInWays']>
export type NodeInfo = Whole<Schemas['NodeView']>

export type Plan = Whole<Schemas['Plan']>
export type PlanDetail = Whole<Schemas['PlanDetail']>
export type Programme = Whole<Schemas['Programme']>
export type Goal = Whole<Schemas['Goal']>
export type Pattern = Whole<Schemas['PatternView']>
export type PatternKind = keyof Pattern
export type Place = Pattern[PatternKind][number]
export type MeasureState = Schemas['MeasureState']
export type StateCounts = Whole<Schemas['StateCounts']>
export type Measure = Whole<Schemas['Measure']>
export type Indicator = Whole<Schemas['Indicator']>
export type IndicatorValue = Whole<Schemas['List_IndicatorValue']>['items'][number]
export type Period = Schemas['ValuePeriod']
export type PlatformMetric = Whole<Schemas['PlatformMetric']>
export type Overview = Whole<Schemas['Overview']>
export type Attention = Whole<Schemas['Attention']>
export type Share = Whole<Schemas['Share']>
export type ShareCreated = Whole<Schemas['ShareCreated']>
export type Shared = Whole<Schemas['Shared']>
export type IndicatorForecast = Whole<Schemas['IndicatorForecast']>
export type ForecastTrack = Whole<Schemas['ForecastTrack']>
export type TargetOutlook = Whole<Schemas['TargetOutlook']>
export type TargetAtRisk = Whole<Schemas['TargetAtRisk']>
export type BeforeAfter = Whole<Schemas['BeforeAfter']>
export type Effect = Whole<Schemas['Effect']>
export type GoalProgress = Whole<Schemas['GoalProgress']>
export type GoalDetail = Whole<Schemas['GoalDetail']>
export type GoalEntry = Whole<Schemas['CountedEntry']>

export type WarningInbox = Whole<Schemas['WarningInbox']>
export type Paper = Whole<Schemas['Paper']>
export type PaperDetail = Whole<Schemas['PaperDetail']>
export type PaperBlock = PaperDetail['blocks'][number]
export type PaperParagraph = Whole<Schemas['PaperParagraph']>
export type PaperTable = Whole<Schemas['PaperTable']>
export type PaperChart = Whole<Schemas['PaperChart']>
export type PaperTemplate = Whole<Schemas['PaperTemplate']>
export type PaperSchedule = Whole<Schemas['PaperSchedule']>
export type ReportingPeriod = Whole<Schemas['PeriodLine']>
export type PeriodStanding = Whole<Schemas['PeriodStanding']>
export type UnitStanding = Whole<Schemas['UnitStanding']>
export type MeasureStanding = Whole<Schemas['MeasureStanding']>
export type PeriodChanges = Whole<Schemas['PeriodChanges']>
export type ReportCounts = Whole<Schemas['ReportCounts']>
export type ReportLine = Whole<Schemas['ReportLine']>
export type ProgressReport = Whole<Schemas['ProgressReport']>
export type ReportFigure = Whole<Schemas['ReportFigure']>
export type ReportStage = Schemas['ReportStage']
export type Milestone = Whole<Schemas['Milestone']>
export type Schedule = Whole<Schemas['Schedule']>

export type Round = Whole<Schemas['ParticipationRound']>
export type Channel = Whole<Schemas['ParticipationChannel']>
export type Party = Whole<Schemas['AskedParty']>
export type ChannelPreset = Whole<Schemas['ChannelPreset']>
export type Clause = Whole<Schemas['PlanClause']>
export type Opinion = Whole<Schemas['Opinion']>
export type OpinionsCheck = Whole<Schemas['OpinionsCheck']>
export type OpinionsAdded = Whole<Schemas['OpinionsAdded']>
export type KeptContact = Whole<Schemas['KeptContact']>
export type Topic = Whole<Schemas['OpinionTopic']>
export type AlikeTopic = Whole<Schemas['AlikeTopic']>
export type Decision = Whole<Schemas['OpinionDecision']>
export type Camps = Whole<Schemas['Camps']>
export type Report = Whole<Schemas['ParticipationReport']>
export type OpenRound = Whole<Schemas['OpenRound']>
export type OpenRoundDetail = Whole<Schemas['OpenRoundDetail']>
export type OpenClause = OpenRoundDetail['clauses'][number]
export type OpenTopic = Whole<Schemas['OpenTopic']>
export type OpenAnswer = Whole<Schemas['OpenAnswer']>
export type SimilarTopic = Whole<Schemas['SimilarTopic']>
export type Challenge = Whole<Schemas['Challenge']>
export type OpinionSent = Whole<Schemas['OpinionSent']>
export type OwnSubmission = Whole<Schemas['OwnSubmission']>
export type Ballot = Schemas['TopicVote']
export type CastVote = Whole<Schemas['CastVote']>
export type VoteCounted = Whole<Schemas['VoteCounted']>

export type Warning = Whole<Schemas['WarningLine']>
export type WarningDetail = Whole<Schemas['WarningDetail']>
export type WarningRule = Whole<Schemas['WarningRule']>
export type WarningRound = Whole<Schemas['WarningRound']>
export type IndexChoices = Whole<Schemas['IndexChoices']>
export type IndexResult = Whole<Schemas['IndexResult']>
export type CompositeIndex = Whole<Schemas['CompositeIndex']>
export type KeptIndexResult = Whole<Schemas['KeptIndexResult']>
export type AhpConsistency = Whole<Schemas['AhpConsistency']>

export type Changes = Whole<Schemas['TableChanges']>
export type Differences = Whole<Schemas['PlanDifferences']>
export type Compare = Whole<Schemas['PlanComparison']>
export type ComparePart = Exclude<keyof Differences, 'plan'>
export type ImportCheck = Whole<Schemas['ImportCheck']>
export type CellError = Whole<Schemas['ImportFault']>
export type FileRecord = Whole<Schemas['File']>

export type Unit = Whole<Schemas['Unit']>
export type Person = Whole<Schemas['Person']>
export type AccountOpened = Whole<Schemas['AccountOpened']>
export type Role = Schemas['Role']
export type RoleInfo = Whole<Schemas['RoleView']>
export type PolicyInfo = Whole<Schemas['PolicyView']>
export type Explanation = Whole<Schemas['Explanation']>
export type Session = Whole<Schemas['Session']>
export type Token = Whole<Schemas['Token']>
export type AuditRow = Whole<Schemas['AuditRow']>
export type Receipt = Whole<Schemas['Receipt']>
export type LedgerInfo = Whole<Schemas['LedgerInfo']>
export type Job = Whole<Schemas['Job']>

export type Dataset = Whole<Schemas['Dataset']>
export type DataField = Whole<Schemas['Field']>
export type Treatment = Schemas['Treatment']
export type DatasetVersion = Whole<Schemas['Version']>
export type VersionChanges = Whole<Schemas['VersionChanges']>
export type DatasetSearch = Whole<Schemas['SearchResult']>
export type FoundDataset = Whole<Schemas['Found']>
export type FacetValue = Whole<Schemas['FacetValue']>
export type Suggestion = Whole<Schemas['Suggestion']>
export type RowList = Whole<Schemas['RowList']>
export type SqlAnswer = Whole<Schemas['SqlAnswer']>
export type SqlTable = Whole<Schemas['SqlTable']>
export type Upload = Whole<Schemas['Upload']>
export type UploadFound = Whole<Schemas['UploadFound']>
export type ColumnProfile = Whole<Schemas['ColumnProfile']>
export type ColumnField = Whole<Schemas['ColumnField']>
export type FileLayout = Whole<Schemas['Layout']>
export type RejectedRow = Whole<Schemas['Reject']>
export type Quality = Whole<Schemas['Quality']>
export type DatasetProfile = Whole<Schemas['Profile']>
export type Disclosure = Whole<Schemas['Disclosure']>
export type FileLink = Whole<Schemas['FileLink']>

export type FieldProblem = Whole<Schemas['ProblemField']>
/** RFC 9457 problem details as the node sends them. */
export type ProblemBody = Whole<Schemas['Problem']>
