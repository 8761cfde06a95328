use tianyuan_kernel::prelude::*;
use tianyuan_kernel::release::Grade;

use super::{BUILTIN, Engine};

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
/// I import, X export, R record, P publish, A administer, O operate, S erase, W ask why,
/// L release rows.
const MATRIX: &str = "
resource          plan_office unit_reporter unit_lead data_officer auditor operator enterprise citizen anonymous
Plan              VCEDIXRP    VX            VX        VX           VXW     VX       -          -       -
Plan/public       VCEDIXRP    VX            VX        VX           VXW     VX       V          V       V
Measure           VCEDIXRP    VX            VX        VX           VXW     VX       -          -       -
Measure/unit      VCEDIXRP    VXR           VXR       VX           VXW     VX       -          -       -
Indicator         VCEDIXRP    VX            VX        VX           VXW     VX       -          -       -
Indicator/unit    VCEDIXRP    VXR           VXR       VX           VXW     VX       -          -       -
Report            VCEDIRP     V             V         V            VXW     V        -          -       -
Report/unit       VCEDIRP     VR            VER       V            VXW     V        -          -       -
Report/own        VCEDIRP     VR            VR        VR           VXRW    VR       V          V       -
Unit              VCE         V             V         V            VXW     VCE      -          -       -
Person            VCEA        -             -         -            VXW     VCEAS    -          -       -
Person/unit       VCEA        -             V         -            VXW     VCEAS    -          -       -
Person/own        VCEA        V             V         V            VXW     VCEAS    V          V       -
Session           -           -             -         -            VXW     -        -          -       -
Session/own       VCED        VCED          VCED      VCED         VCEDXW  VCED     VCED       VCED    -
Token/own         VCED        VCED          VCED      VCED         VCEDXW  VCED     VCED       VCED    -
Job               -           -             -         -            VXW     VO       -          -       -
Job/own           VO          VO            VO        VO           VXOW    VO       VO         VO      -
File              VCEDIRP     V             V         V            VXW     V        -          -       -
File/unit         VCEDIRP     VR            VR        V            VXW     V        -          -       -
Fact/auditors     -           -             -         -            VXW     VW       -          -       -
Fact/staff        V           V             V         V            VXW     VW       -          -       -
Node              V           V             V         V            VXW     VO       -          -       -
Node/metrics      -           -             -         -            VXW     VO       -          -       -
Policy            VW          V             V         V            VXW     VW       -          -       -
Ledger            V           V             V         V            VXW     VO       -          -       -
Round             VCEXRP      V             V         V            VXW     V        -          -       -
Contact           VS          -             -         -            VXW     S        -          -       -
Dataset           V           V             V         VCEDIXRPAOSL VXW     V        -          -       -
Dataset/unit      V           VCEDIXRL      VCEDIXRL  VCEDIXRPAOSL VXW     V        -          -       -
Dataset/unit4     V           VCEDIXR       VCEDIXR   VCEDIXRPAOSL VXW     V        -          -       -
Dataset/open      VL          VL            VL        VCEDIXRPAOSL VXWL    VL       VL         VL      VL
Dataset/open2     V           V             V         VCEDIXRPAOSL VXW     V        V          V       V
Dataset/shared2   VL          VL            VL        VCEDIXRPAOSL VXWL    VL       -          -       -
Dataset/shared3   V           V             V         VCEDIXRPAOSL VXW     V        -          -       -
";

const LETTERS: [(char, Action); 13] = [
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
    ('L', Action::Release),
];

fn resource(name: &str) -> Entity {
    let (kind, variant) = name.split_once('/').unwrap_or((name, ""));
    let kind = super::KINDS.iter().find(|(k, _)| *k == kind).unwrap().0;
    let entity = Entity::new(kind, "x");
    let graded = |number| entity.clone().of_grade(Grade::new(number).unwrap());
    match variant {
        "unit" if kind == "Dataset" => graded(3).of_units(["unit_mine"]),
        "unit4" => graded(4).of_units(["unit_mine"]),
        "open" => graded(1).public_if(true),
        "open2" => graded(2).public_if(true),
        "shared2" => graded(2).shared_as("unconditional"),
        "shared3" => graded(3).shared_as("unconditional"),
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

#[test]
fn policies_that_lock_out_or_give_away_are_not_read() {
    let read = |more: &str| {
        let mut text = BUILTIN.to_owned();
        text.push_str(more);
        Engine::parse_others(&[("f.cedar".to_owned(), text)]).err()
    };
    assert_eq!(read("\n"), None);
    let open = "@id(\"open-house\") permit (principal, action, resource);";
    let wrong = read(open).unwrap();
    assert!(
        wrong.contains("open-house") && wrong.contains("stranger"),
        "{wrong}"
    );
    let members = "@id(\"members\") permit (principal, action == Action::\"Edit\", resource) \
                   when { principal.id != \"anonymous\" };";
    let wrong = read(members).unwrap();
    assert!(
        wrong.contains("members") && wrong.contains("without a role"),
        "{wrong}"
    );
    let shut = "@id(\"shut\") forbid (principal, action == Action::\"Administer\", resource);";
    let wrong = read(shut).unwrap();
    assert!(
        wrong.contains("operator") && wrong.contains("Administer"),
        "{wrong}"
    );
    let data = "@id(\"open-data\") permit (principal, action == Action::\"Export\", resource) \
                when { resource.public };";
    assert_eq!(read(data), None);
    // Nothing at all is no set of policies either.
    assert!(Engine::parse_others(&[("f.cedar".to_owned(), String::new())]).is_err());
}

#[tokio::test]
async fn other_policies_than_last_time_are_a_fact() {
    let other = "@id(\"nobody-asks\") forbid (principal, action == Action::\"Explain\", resource);";
    let text = format!("{BUILTIN}\n{other}");
    let others = Engine::parse(&[("f.cedar".to_owned(), text)]).unwrap();
    crate::journey::journey(
        |_| {},
        async |node| {
            let noted = async || {
                let facts = node.facts().await;
                facts.iter().filter(|f| f.0 == "policies.changed").count()
            };
            super::note_changes(&node.app).await.unwrap();
            super::note_changes(&node.app).await.unwrap();
            assert_eq!(noted().await, 1);
            super::note(&node.app, &others).await.unwrap();
            assert_eq!(noted().await, 2);
            super::note_changes(&node.app).await.unwrap();
            super::note_changes(&node.app).await.unwrap();
            assert_eq!(noted().await, 3);
        },
    )
    .await;
}
