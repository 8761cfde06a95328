//! What field names, surnames and addresses are made of.

use tianyuan_kernel::classify::Sensitive;

/// Words that say what a field holds. The longest word found in a name decides, so 企业名称 is no
/// person's name and 邮政编码 no mailbox.
const NAMES: &[(&str, Option<Sensitive>)] = &[
    ("身份证", Some(Sensitive::ResidentId)),
    ("公民身份号码", Some(Sensitive::ResidentId)),
    ("证件号", Some(Sensitive::ResidentId)),
    ("证照号", Some(Sensitive::ResidentId)),
    ("sfzh", Some(Sensitive::ResidentId)),
    ("idcard", Some(Sensitive::ResidentId)),
    ("id_card", Some(Sensitive::ResidentId)),
    ("zjhm", Some(Sensitive::ResidentId)),
    ("统一社会信用代码", Some(Sensitive::CreditCode)),
    ("社会信用代码", Some(Sensitive::CreditCode)),
    ("信用代码", Some(Sensitive::CreditCode)),
    ("uscc", Some(Sensitive::CreditCode)),
    ("tyshxydm", Some(Sensitive::CreditCode)),
    ("credit_code", Some(Sensitive::CreditCode)),
    ("手机", Some(Sensitive::Mobile)),
    ("联系电话", Some(Sensitive::Mobile)),
    ("电话", Some(Sensitive::Mobile)),
    ("联系方式", Some(Sensitive::Mobile)),
    ("mobile", Some(Sensitive::Mobile)),
    ("phone", Some(Sensitive::Mobile)),
    ("lxdh", Some(Sensitive::Mobile)),
    ("sjhm", Some(Sensitive::Mobile)),
    ("银行卡", Some(Sensitive::BankCard)),
    ("银行账号", Some(Sensitive::BankCard)),
    ("银行帐号", Some(Sensitive::BankCard)),
    ("开户账号", Some(Sensitive::BankCard)),
    ("bank_card", Some(Sensitive::BankCard)),
    ("bank_account", Some(Sensitive::BankCard)),
    ("护照", Some(Sensitive::Passport)),
    ("passport", Some(Sensitive::Passport)),
    ("车牌", Some(Sensitive::Plate)),
    ("号牌", Some(Sensitive::Plate)),
    ("plate", Some(Sensitive::Plate)),
    ("cph", Some(Sensitive::Plate)),
    ("邮箱", Some(Sensitive::Email)),
    ("电子邮件", Some(Sensitive::Email)),
    ("email", Some(Sensitive::Email)),
    ("e-mail", Some(Sensitive::Email)),
    ("住址", Some(Sensitive::Address)),
    ("家庭地址", Some(Sensitive::Address)),
    ("户籍地", Some(Sensitive::Address)),
    ("居住地", Some(Sensitive::Address)),
    ("通讯地址", Some(Sensitive::Address)),
    ("联系地址", Some(Sensitive::Address)),
    ("地址", Some(Sensitive::Address)),
    ("address", Some(Sensitive::Address)),
    ("姓名", Some(Sensitive::PersonName)),
    ("联系人", Some(Sensitive::PersonName)),
    ("法定代表人", Some(Sensitive::PersonName)),
    ("法人代表", Some(Sensitive::PersonName)),
    ("负责人", Some(Sensitive::PersonName)),
    ("经办人", Some(Sensitive::PersonName)),
    ("申请人", Some(Sensitive::PersonName)),
    ("户主", Some(Sensitive::PersonName)),
    ("person_name", Some(Sensitive::PersonName)),
    ("full_name", Some(Sensitive::PersonName)),
    // Names that hold such a word and mean something else.
    ("ip地址", None),
    ("网址", None),
    ("邮政编码", None),
    ("电话亭", None),
    ("服务电话", None),
    ("公开电话", None),
    ("投诉电话", None),
    ("咨询电话", None),
    ("热线电话", None),
    ("负责人数", None),
    ("申请人数", None),
    ("手机型号", None),
    ("template", None),
    ("plateau", None),
    ("ip_address", None),
];

/// Longest first characters of names: two-character surnames.
const SURNAMES_2: &[&str] = &[
    "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "宇文", "长孙",
    "司徒", "夏侯", "端木", "南宫", "百里", "呼延", "轩辕", "独孤",
];
/// The commonest single-character surnames, which nine in ten people bear.
const SURNAMES_1: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖\
     田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫\
     段雷龙黎史陶贺毛郝顾龚邵万钱严武戴莫孔向常汤康易乔赖文俞施洪季殷庄凌费章鲁葛齐翁";
/// Words for places from the province down to the village.
const PLACES: &[&str] = &[
    "省", "市", "区", "县", "镇", "乡", "街道", "村", "社区", "小区", "新村", "花园", "公寓",
];
/// Words that come with a house number.
const STREETS: &[&str] = &["路", "街", "巷", "弄", "大道", "公路", "村", "组", "号楼"];

/// What the name of a field says it holds.
pub(super) fn of_name(name: &str) -> Option<Sensitive> {
    let name = name.to_lowercase();
    let found = NAMES.iter().filter(|(word, _)| name.contains(word));
    found
        .max_by_key(|(word, _)| word.chars().count())
        .and_then(|(_, kind)| *kind)
}

fn han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '·' | '\u{3400}'..='\u{4dbf}')
}

/// True for a cell that has the length and the letters of a person's name.
pub(super) fn name_shape(cell: &str) -> bool {
    let count = cell.chars().count();
    (2..=4).contains(&count) && cell.chars().all(han)
}

/// True for such a cell that begins with a surname.
pub(super) fn person_name(cell: &str) -> bool {
    name_shape(cell)
        && (SURNAMES_2
            .iter()
            .any(|s| cell.starts_with(s) && cell.chars().count() > 2)
            || cell
                .chars()
                .next()
                .is_some_and(|first| SURNAMES_1.contains(first) && cell.chars().count() <= 3))
}

/// True for a text that reads like an address: a place, then a street or a village, then a number.
pub(super) fn address(cell: &str) -> bool {
    let count = cell.chars().count();
    if !(6..=200).contains(&count) || !PLACES.iter().any(|p| cell.contains(p)) {
        return false;
    }
    STREETS.iter().any(|street| {
        cell.match_indices(street).any(|(at, word)| {
            let rest = &cell[at + word.len()..];
            let digits = rest.chars().take_while(char::is_ascii_digit).count();
            let chinese = rest
                .chars()
                .take_while(|c| "一二三四五六七八九十".contains(*c))
                .count();
            let after = rest.chars().nth(digits + chinese);
            digits + chinese > 0 && after.is_some_and(|c| "号弄室幢栋座组-、".contains(c))
        })
    })
}
