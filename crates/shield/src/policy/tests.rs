use tianyuan_kernel::prelude::*;

use super::Engine;

fn who(role: Role, unit: Option<&str>) -> Principal {
    Principal {
        id: (role != Role::Anonymous).then(|| "person_me".to_owned()),
        name: String::new(),
        grants: vec![Grant {
            role,
            unit: unit.map(str::to_owned),
        }],
        via: Via::Session,
        session: None,
        read_only: false,
        must_change_password: false,
        csrf: None,
    }
}

/// Rows: a resource and the actions each role may do to it. V view, C create, E edit, D delete,
/// I import, X export, R record, P publish, A administer, O operate, S erase, W ask why.
const MATRIX: &str = "
resource          plan_office unit_reporter unit_lead data_officer auditor operator enterprise citizen anonymous
Plan              VCEDIXRP    VX            VX        VX           VXW     VX       -          -       -
Plan/public       VCEDIXRP    VX            VX        VX           VXW     VX       V          V       V
Measure           VCEDIXRP    VX            VX        VX           VXW     VX       -          -       -
Measure/unit      VCEDIXRP    VEXR          VEXR      VX           VXW     VX       -          -       -
Indicator         VCEDIXRP    VX            VX        VX           VXW     VX       -          -       -
Indicator/unit    VCEDIXRP    VXR           VXR       VX           VXW     VX       -          -       -
Unit              VCEA        V             V         V            VXW     VCEAOS   -          -       -
Person            VCEA        -             -         -            VXW     VCEAOS   -          -       -
Person/unit       VCEA        -             V         -            VXW     VCEAOS   -          -       -
Person/own        VCEA        V             V         V            VXW     VCEAOS   V          V       -
Session           -           -             -         -            VXW     -        -          -       -
Session/own       VCED        VCED          VCED      VCED         VCEDXW  VCED     VCED       VCED    -
Token/own         VCED        VCED          VCED      VCED         VCEDXW  VCED     VCED       VCED    -
Job               -           -             -         -            VXW     VCEAOS   -          -       -
Job/own           VO          VO            VO        VO           VXOW    VCEAOS   VO         VO      -
Fact/auditors     -           -             -         -            VXW     VW       -          -       -
Fact/staff        V           V             V         V            VXW     VW       -          -       -
Node              V           V             V         V            VXW     VCEAOS   -          -       -
Node/metrics      -           -             -         -            VXW     VCEAOS   -          -       -
Policy            VW          V             V         V            VXW     VCEAOSW  -          -       -
Ledger            V           V             V         V            VXW     VCEAOS   -          -       -
";

const LETTERS: [(char, Action); 12] = [
    ('V', Action::View),
    ('C', Action::Create),
    ('E', Action::Edit),
    ('D', Action::Delete),
    ('I', Action::Import),
    ('X', Action::Export),
    ('R', Action::Record),
    ('P', Action::Publish),
    ('A', Action::Administer),
    ('O', Action::Operate),
    ('S', Action::Erase),
    ('W', Action::Explain),
];

fn resource(name: &str) -> Entity {
    let (kind, variant) = name.split_once('/').unwrap_or((name, ""));
    let kind = super::KINDS.iter().find(|(k, _)| *k == kind).unwrap().0;
    let entity = Entity::new(kind, "x");
    match variant {
        "public" => entity.public_if(true),
        "unit" => entity.of_units(["unit_mine", "unit_other"]),
        "own" => entity.owned_by(Some("person_me")),
        "staff" => entity.for_audience(Audience::Staff),
        "auditors" => entity.for_audience(Audience::Auditors),
        "metrics" => Entity::new(kind, "metrics"),
        _ => entity.of_units(["unit_other"]),
    }
}

#[test]
fn every_role_may_do_exactly_what_the_matrix_says() {
    let engine = Engine::builtin().unwrap();
    let mut lines = MATRIX
        .trim()
        .lines()
        .map(|l| l.split_whitespace().collect::<Vec<_>>());
    let roles: Vec<Role> = lines.next().unwrap()[1..]
        .iter()
        .map(|r| Role::from_name(r).unwrap())
        .collect();
    assert_eq!(roles.len(), Role::ALL.len());
    let mut wrong = Vec::new();
    for line in lines {
        assert_eq!(line.len(), roles.len() + 1, "{line:?}");
        for (role, expected) in roles.iter().zip(&line[1..]) {
            let unit = matches!(role, Role::UnitReporter | Role::UnitLead).then_some("unit_mine");
            let who = who(*role, unit);
            for (letter, action) in LETTERS {
                let decision = engine.decide(&who, action, &resource(line[0]));
                if decision.allowed != expected.contains(letter) {
                    wrong.push(format!("{role:?} {action:?} {}: {decision:?}", line[0]));
                }
                assert_eq!(decision.allowed, !decision.policies.is_empty());
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_unknown_kind_is_refused_and_a_policy_without_id_or_off_the_schema_is_not_read() {
    let engine = Engine::builtin().unwrap();
    let office = who(Role::PlanOffice, None);
    assert!(
        !engine
            .decide(&office, Action::View, &Entity::new("Nothing", "x"))
            .allowed
    );
    let read = |text: &str| Engine::parse(&[("f.cedar".to_owned(), text.to_owned())]).err();
    assert!(
        read("permit (principal, action, resource);")
            .unwrap()
            .contains("@id")
    );
    let typo =
        "@id(\"x\") permit (principal, action, resource) when { principal.rolls.contains(\"a\") };";
    assert!(read(typo).unwrap().contains("schema"));
}
