use super::super::topics::{Topic, TopicId};
use super::camps::{CAMP_MIN, Camps, VOTERS_MIN, camps};
use super::matrix::{k_means, project, silhouette};

fn topic(i: usize) -> Topic {
    Topic {
        id: TopicId::from_stored(format!("topic_{i:026}")),
        round_id: super::RoundId::from_stored(String::new()),
        title: format!("议题{i}"),
        statement: format!("陈述{i}"),
        named: true,
        shown_at: None,
        merged_into: None,
        voices: 1,
        undecided: 0,
        agrees: 0,
        disagrees: 0,
        passes: 0,
        version: 1,
    }
}

type Votes = Vec<(Vec<u8>, String, i64)>;

/// Devices of two leanings: they differ on statements 0 to 3 and agree on 4; each tenth vote of
/// the leaning is turned round.
fn two_leanings(first: usize, second: usize) -> (Votes, Vec<Topic>) {
    let topics: Vec<Topic> = (0..6).map(topic).collect();
    let mut votes = Vec::new();
    for device in 0..first + second {
        let leaning = if device < first { 1 } else { -1 };
        for (t, topic) in topics.iter().enumerate() {
            let turned = (device * 7 + t * 3) % 10 == 0;
            let vote = match t {
                0 | 1 => leaning,
                2 | 3 => -leaning,
                4 => 1,
                _ => [1, 0, -1][device % 3],
            };
            let vote = if turned && t < 4 { -vote } else { vote };
            let voter = format!("{device:04}").into_bytes();
            votes.push((voter, topic.id.to_string(), vote));
        }
    }
    (votes, topics)
}

#[test]
fn two_leanings_are_found_and_told_by_what_each_agrees_on() {
    let (votes, topics) = two_leanings(40, 25);
    let found = camps(&votes, &topics);
    assert_eq!(
        (found.voters, found.votes, found.compared),
        (65, 65 * 6, 65)
    );
    let sizes: Vec<usize> = found.camps.iter().map(|c| c.voters).collect();
    assert_eq!(sizes, [40, 25], "{found:?}");
    assert!(found.silhouette.unwrap() > 0.4, "{found:?}");
    let stands = |c: usize| -> Vec<(String, bool)> {
        let stands = &found.camps[c].stands;
        stands
            .iter()
            .map(|s| (s.statement.clone(), s.agrees))
            .collect()
    };
    assert!(stands(0).contains(&("陈述0".to_owned(), true)));
    assert!(stands(0).contains(&("陈述2".to_owned(), false)));
    assert!(stands(1).contains(&("陈述3".to_owned(), true)));
    assert!(
        found
            .camps
            .iter()
            .flat_map(|c| &c.stands)
            .all(|s| s.statement != "陈述4")
    );
    assert_eq!(found.common[0].statement, "陈述4");
    assert_eq!(found.common.len(), 1, "{:?}", found.common);
}

#[test]
fn nothing_is_shown_of_few() {
    let (votes, topics) = two_leanings(10, 9);
    let found = camps(&votes, &topics);
    assert_eq!(found.voters, VOTERS_MIN - 1);
    let expected = Camps {
        voters: 19,
        votes: 19 * 6,
        compared: 19,
        voters_min: VOTERS_MIN,
        ..Camps::default()
    };
    assert_eq!(found, expected);
    // Four who differ stay unseen among forty.
    let (votes, topics) = two_leanings(40, CAMP_MIN - 1);
    let found = camps(&votes, &topics);
    assert!(
        found.camps.iter().all(|c| c.voters >= CAMP_MIN),
        "{found:?}"
    );
    let all: usize = found.camps.iter().map(|c| c.voters).sum();
    assert_eq!(all, 44, "joined to their neighbours, not left out");
}

#[test]
fn voters_of_one_mind_are_one_group() {
    let topics: Vec<Topic> = (0..5).map(topic).collect();
    let votes: Votes = (0..30)
        .flat_map(|d| {
            let ids = topics.iter().map(|t| t.id.to_string()).collect::<Vec<_>>();
            ids.into_iter()
                .map(move |id| (format!("{d:02}").into_bytes(), id, 1))
        })
        .collect();
    let found = camps(&votes, &topics);
    assert_eq!(found.camps.len(), 1);
    assert_eq!(found.silhouette, None);
    assert_eq!(found.common.len(), 5);
}

/// The same numbers through scikit-learn 1.9 (PCA, KMeans, silhouette_score); made by
/// `bench/camps_fixture.py`.
#[test]
fn components_and_silhouette_agree_with_an_independent_implementation() {
    #[derive(serde::Deserialize)]
    struct Fixture {
        votes: Vec<Vec<f64>>,
        components: Vec<[f64; 2]>,
        labels: Vec<usize>,
        silhouette: f64,
    }
    let fixture: Fixture = serde_json::from_str(include_str!("sklearn.json")).unwrap();
    let rows: Vec<Vec<Option<f64>>> = fixture
        .votes
        .iter()
        .map(|r| r.iter().map(|v| Some(*v)).collect())
        .collect();
    let points = project(&rows);
    for axis in 0..2 {
        // A component has no sign of its own.
        let sign = (points[0][axis] * fixture.components[0][axis]).signum();
        for (ours, theirs) in points.iter().zip(&fixture.components) {
            let difference = (ours[axis] - sign * theirs[axis]).abs();
            assert!(difference < 1e-4, "{ours:?} and {theirs:?}");
        }
    }
    let labels = k_means(&points, 3);
    for i in 0..labels.len() {
        for j in 0..i {
            let together = labels[i] == labels[j];
            assert_eq!(
                together,
                fixture.labels[i] == fixture.labels[j],
                "{i} and {j}"
            );
        }
    }
    let clear = silhouette(&points, &labels, 3, usize::MAX);
    assert!((clear - fixture.silhouette).abs() < 1e-4, "{clear}");
}

proptest::proptest! {
    #[test]
    fn any_votes_give_groups_that_are_large_enough(
        cast in proptest::collection::vec((0_u8..60, 0_usize..8, -1_i64..=1), 0..400),
    ) {
        let topics: Vec<Topic> = (0..8).map(topic).collect();
        let votes: Votes = cast.iter().map(|(v, t, n)| {
            (vec![*v], topics[*t].id.to_string(), *n)
        }).collect();
        let found = camps(&votes, &topics);
        let all: usize = found.camps.iter().map(|c| c.voters).sum();
        proptest::prop_assert!(found.camps.is_empty() || all == found.compared);
        for camp in &found.camps {
            proptest::prop_assert!(camp.voters >= CAMP_MIN);
            for stand in &camp.stands {
                proptest::prop_assert!((0..=100).contains(&stand.percent));
            }
        }
        if let Some(clear) = found.silhouette {
            proptest::prop_assert!((-1.0..=1.0).contains(&clear));
        }
    }
}
