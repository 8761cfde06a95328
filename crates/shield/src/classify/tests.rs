use proptest::prelude::*;
use tianyuan_kernel::classify::{ColumnSample, Finding, Sensitive};
use tianyuan_kernel::release::Grade;

use super::*;

fn found(name: &str, cells: &[&str]) -> Vec<Finding> {
    classify(ColumnSample {
        name,
        title: "",
        cells,
    })
}

fn first(name: &str, cells: &[&str]) -> Option<Sensitive> {
    found(name, cells).first().map(|f| f.kind)
}

/// A resident identity number that passes: the check digit is computed as GB 11643 says, by the
/// table of weights and not by the way the finder takes.
fn resident(first17: &str) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = first17
        .bytes()
        .zip(WEIGHTS)
        .map(|(b, w)| u32::from(b - b'0') * w)
        .sum();
    let check = b"10X98765432"[usize::try_from(sum % 11).unwrap()];
    format!("{first17}{}", char::from(check))
}

#[test]
fn the_standards_own_examples_pass() {
    // GB 11643-1999, annex A; GB 32100-2015 has codes of this form.
    assert!(numbers::resident_id(b"11010519491231002X"));
    assert!(numbers::resident_id(b"440524188001010014"));
    assert!(!numbers::resident_id(b"440524188001010015"));
    assert!(numbers::credit_code(b"91350100M000100Y43"));
    assert!(!numbers::credit_code(b"91350100M000100Y44"));
}

#[test]
fn each_kind_is_found_by_content_under_a_name_that_says_nothing() {
    let cases: [(&[&str], Sensitive, Grade); 9] = [
        (
            &["11010519491231002X", "440524188001010014"],
            Sensitive::ResidentId,
            Grade::CORE,
        ),
        (&["91350100M000100Y43"], Sensitive::CreditCode, Grade::OPEN),
        (
            &["13812345678", "+86 15900000000", "１３９１２３４５６７８"],
            Sensitive::Mobile,
            Grade::SENSITIVE,
        ),
        (
            &["6222 0200 0000 0000 000", "4111111111111111"],
            Sensitive::BankCard,
            Grade::CORE,
        ),
        (
            &["E12345678", "EA1234567"],
            Sensitive::Passport,
            Grade::CORE,
        ),
        (
            &["沪A12345", "沪AD12345", "苏E·88K88"],
            Sensitive::Plate,
            Grade::SENSITIVE,
        ),
        (
            &["a.b@example.cn", "邮箱 c@example.com.cn。"],
            Sensitive::Email,
            Grade::SENSITIVE,
        ),
        (
            &["青浦区公园路100号", "嘉善县罗星街道人民大道6号201室"],
            Sensitive::Address,
            Grade::SENSITIVE,
        ),
        (
            &["张三", "李小四", "欧阳锋"],
            Sensitive::PersonName,
            Grade::SENSITIVE,
        ),
    ];
    for (cells, kind, grade) in cases {
        let found = found("c1", cells);
        let top = found.iter().find(|f| f.kind == kind);
        let top = top.unwrap_or_else(|| panic!("{kind:?} in {cells:?}: {found:?}"));
        assert_eq!(top.grade, grade);
        assert!(top.confidence >= 0.6, "{top:?}");
        assert_eq!(top.places.first(), Some(&0));
    }
}

#[test]
fn one_number_in_a_thousand_remarks_is_found_and_its_place_told() {
    let number = resident("31011819900307001");
    let remark = format!("联系人提供的证件为{number}，已核对");
    let mut cells = vec!["无"; 1_000];
    cells[700] = &remark;
    let found = found("备注", &cells);
    assert_eq!(found[0].kind, Sensitive::ResidentId);
    assert!(found[0].confidence > 0.9);
    assert_eq!(found[0].places, [700]);
    assert!(found[0].share < 0.002);
}

#[test]
fn order_numbers_are_no_bank_cards() {
    let cells: Vec<String> = (0..500_u64)
        .map(|n| format!("{}", 6_200_000_000_000_000_u64 + n * 7_919))
        .collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    assert_eq!(first("订单号", &cells), None);
}

#[test]
fn names_of_fields_count_and_the_longest_word_decides() {
    assert_eq!(first("手机号码", &[]), Some(Sensitive::Mobile));
    assert_eq!(first("SFZH", &[]), Some(Sensitive::ResidentId));
    assert_eq!(first("IP地址", &["10.0.0.1"]), None);
    assert_eq!(first("申请人数", &["12"]), None);
    assert_eq!(first("企业名称", &["示例科技有限公司"]), None);
    let both = found("姓名", &["张三", "李四"]);
    let alone = found("c", &["张三", "李四"]);
    assert!(both[0].confidence > alone[0].confidence && both[0].by_name);
}

#[test]
fn places_dates_and_towns_are_nobody() {
    let cells = ["朱家角镇", "练塘镇", "金泽镇", "白鹤镇", "华新镇", "重固镇"];
    assert_eq!(first("所在镇", &cells), None);
    assert_eq!(first("日期", &["2024-01-01", "20240101"]), None);
    assert_eq!(first("数值", &["12.5", "130", ""]), None);
}

proptest! {
    #[test]
    fn every_well_formed_number_passes_and_every_changed_digit_fails(
        day in 1_u32..=28, month in 1_u32..=12, year in 1930_u32..=2020, serial in 0_u32..=999,
        place in 14_usize..17, by in 1_u8..=9,
    ) {
        let number = resident(&format!("310118{year}{month:02}{day:02}{serial:03}"));
        prop_assert!(numbers::resident_id(number.as_bytes()));
        let mut other = number.into_bytes();
        other[place] = b'0' + (other[place] - b'0' + by) % 10;
        prop_assert!(!numbers::resident_id(&other));
    }

    #[test]
    fn any_text_is_read_without_a_panic(cells in proptest::collection::vec(any::<String>(), 0..20)) {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        for one in found("列", &cells) {
            prop_assert!((0.0..=1.0).contains(&one.confidence) && (0.0..=1.0).contains(&one.share));
        }
    }
}
