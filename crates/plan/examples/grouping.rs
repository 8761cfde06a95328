//! Groups generated opinions whose topics are known, one by one as they arrive, and says how
//! long it took, how much memory the index holds, and how well the groups fit the topics.
//!
//! `cargo run --release -p tianyuan-plan --example grouping [opinions] [joins from]`
//!
//! A topic is a subject with a wish, 90 in all; each opinion says it in one of many ways: the
//! subject by one of three names, a place or none, an opening, fillers, and one in ten mentions
//! another subject too. The
//! figures are B-cubed precision and recall over all opinions (Bagga & Baldwin 1998), and
//! purity. The generator is deterministic.

#![expect(clippy::print_stdout, reason = "an example prints what it measured")]

use std::collections::HashMap;
use std::time::Instant;

use tianyuan_plan::participation::grouping::{Index, JOINS_MIN, Match, words};

/// SplitMix64: the same numbers on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) % sides as u64) as usize
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }
}

const PLACES: [&str; 24] = [
    "练塘镇",
    "朱家角镇",
    "金泽镇",
    "赵巷镇",
    "徐泾镇",
    "华新镇",
    "白鹤镇",
    "重固镇",
    "青浦新城",
    "西岑",
    "老城厢",
    "工业园区",
    "北斗产业园",
    "氢能产业园",
    "水乡客厅",
    "虹桥商务区",
    "大型居住社区",
    "古镇景区",
    "轨道交通站点",
    "中心医院",
    "农贸市场",
    "物流园",
    "软件信息园",
    "会展中心",
];

/// A subject's names, and what is wished of it.
const SUBJECTS: [(&[&str], &[&str]); 30] = [
    (
        &["5G基站", "手机信号", "移动网络"],
        &["覆盖不足", "信号弱", "打电话断断续续"],
    ),
    (
        &["停车场", "停车位", "车位"],
        &["接入停车平台", "显示空位", "停车难"],
    ),
    (
        &["充电桩", "充电站", "充电设施"],
        &["数量偏少", "经常排队", "坏了没人修"],
    ),
    (
        &["智能工厂", "工厂改造", "车间改造"],
        &["补贴申请流程复杂", "诊断服务", "资金扶持"],
    ),
    (
        &["数字人才", "技术人才", "青年人才"],
        &["租房困难", "子女入学", "落户政策"],
    ),
    (
        &["公共数据", "政务数据", "开放数据"],
        &["更新不及时", "接口文档", "下载格式"],
    ),
    (
        &["算力平台", "算力中心", "数据中心"],
        &["收费标准", "中小企业用不起", "申请排队"],
    ),
    (
        &["低空经济", "无人机", "飞行器"],
        &["噪声扰民", "起降点", "航线审批"],
    ),
    (
        &["互联网医院", "远程门诊", "在线问诊"],
        &["老人不会操作", "药品配送", "医保支付"],
    ),
    (
        &["智慧课堂", "未来学校", "教学平板"],
        &["影响视力", "教师培训", "设备老旧"],
    ),
    (
        &["养老院", "养老设施", "居家养老"],
        &["跌倒报警", "助餐服务", "护理人员"],
    ),
    (
        &["农产品", "稻米", "茭白"],
        &["追溯码", "直播销售", "价格波动"],
    ),
    (
        &["无人农场", "智能农机", "植保机"],
        &["作业标准", "维修网点", "购置补贴"],
    ),
    (
        &["跨境电商", "海外仓", "出口商品"],
        &["通关效率", "退货处理", "税务辅导"],
    ),
    (
        &["快递网点", "末端配送", "快递柜"],
        &["超时收费", "送货上门", "占用绿化"],
    ),
    (
        &["公交线路", "接驳车", "氢能公交"],
        &["班次太少", "首末班时间", "站点位置"],
    ),
    (
        &["自行车道", "非机动车道", "慢行道"],
        &["机动车占用", "路面破损", "照明不足"],
    ),
    (
        &["垃圾分类", "垃圾房", "可回收物"],
        &["智能称重", "异味", "投放时间"],
    ),
    (
        &["河道水质", "河水", "水环境"],
        &["监测数据公开", "发黑发臭", "垃圾漂浮"],
    ),
    (
        &["燃气管道", "地下管线", "供水管"],
        &["施工挖断", "压力监测", "老化更换"],
    ),
    (
        &["政策计算器", "政策匹配", "惠企政策"],
        &["推送不准", "看不懂条款", "申报截止"],
    ),
    (
        &["上市培育", "企业上市", "挂牌辅导"],
        &["费用补贴", "中介机构", "培训课程"],
    ),
    (
        &["数字人民币", "数币", "电子支付"],
        &["商户不收", "老人钱包", "对公转账"],
    ),
    (
        &["产业招商", "招商项目", "产业链企业"],
        &["同质竞争", "土地指标", "配套企业"],
    ),
    (
        &["一网通办", "办事大厅", "政务窗口"],
        &["重复提交材料", "预约取号", "夜间服务"],
    ),
    (
        &["城管执法", "非现场执法", "违停抓拍"],
        &["申诉渠道", "误拍", "提示牌"],
    ),
    (
        &["食品安全", "校园餐", "外卖后厨"],
        &["明厨亮灶", "抽检结果", "投诉处理"],
    ),
    (
        &["博物馆", "数字文旅", "景区讲解"],
        &["语音导览", "门票预约", "夜游项目"],
    ),
    (
        &["数据交易", "数据资产", "数据产品"],
        &["估值方法", "入表会计", "合规审查"],
    ),
    (
        &["区块链", "电子签章", "电子证照"],
        &["跨省互认", "签名失败", "纸质并存"],
    ),
];

const OPENINGS: [&str; 12] = [
    "建议",
    "希望",
    "我觉得",
    "强烈建议",
    "请有关部门",
    "能不能",
    "作为居民，",
    "作为企业代表，",
    "多次反映，",
    "方案里提到的",
    "关于",
    "针对",
];
const FILLERS: [&str; 10] = [
    "请尽快解决",
    "影响日常生活",
    "已经很久了",
    "群众意见比较大",
    "请加大力度",
    "可以借鉴其他地区的做法",
    "希望明确责任单位",
    "最好有时间表",
    "需要进一步完善",
    "感谢关注",
];

fn opinion(topic: usize, dice: &mut Dice) -> String {
    let (names, wishes) = SUBJECTS[(topic / 3) % SUBJECTS.len()];
    // The main name twice as often as its synonyms.
    let name = if dice.roll(2) == 0 {
        names[0]
    } else {
        dice.one(names)
    };
    let wish = wishes[topic % 3];
    let place = if dice.roll(2) == 0 {
        dice.one(&PLACES)
    } else {
        ""
    };
    let mut said = String::from(dice.one(&OPENINGS));
    match dice.roll(4) {
        0 => said.push_str(&format!("{place}{name}{wish}")),
        1 => said.push_str(&format!("{name}{wish}，{place}尤其明显")),
        2 => said.push_str(&format!("{wish}的问题，{place}{name}")),
        _ => said.push_str(&format!("{place}{name}，{wish}")),
    }
    for _ in 0..dice.roll(3) {
        said.push('，');
        said.push_str(dice.one(&FILLERS));
    }
    if dice.roll(10) == 0 {
        let (other, _) = SUBJECTS[dice.roll(SUBJECTS.len())];
        said.push_str(&format!("，另外{}也要考虑", other[0]));
    }
    said.push('。');
    said
}

fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|l| l.starts_with("VmRSS:"))
        .unwrap_or("");
    let kb: f64 = line
        .split_whitespace()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(0.0);
    kb / 1024.0
}

fn main() {
    let mut args = std::env::args()
        .skip(1)
        .filter_map(|a| a.parse::<usize>().ok());
    let count = args.next().unwrap_or(100_000);
    let joins_min = args
        .next()
        .map_or(JOINS_MIN, |percent| percent as f64 / 100.0);
    let topics = 3 * SUBJECTS.len();
    let mut dice = Dice(20_240_401);
    let said: Vec<(usize, String)> = (0..count)
        .map(|_| {
            // Some topics are raised far more often than others.
            let topic = dice.roll(topics).min(dice.roll(topics));
            (topic, opinion(topic, &mut dice))
        })
        .collect();
    let before = resident_mb();
    let begun = Instant::now();
    let _loaded = words::terms("打开词典");
    let loaded = begun.elapsed();
    println!(
        "dictionary: {:.0} ms, {:.0} MB",
        loaded.as_secs_f64() * 1e3,
        resident_mb() - before
    );
    let begun = Instant::now();
    let terms: Vec<String> = said.iter().map(|(_, text)| words::terms(text)).collect();
    let segmented = begun.elapsed();
    println!(
        "segmented {count}: {:.2} s, {:.1} µs each",
        segmented.as_secs_f64(),
        segmented.as_secs_f64() * 1e6 / count as f64
    );
    let before = resident_mb();
    let begun = Instant::now();
    let mut index = Index::default();
    let mut group_of = Vec::with_capacity(count);
    let mut groups = 0_usize;
    let mut slowest = 0.0_f64;
    let mut seen: HashMap<[u8; 32], usize> = HashMap::new();
    for (i, terms) in terms.iter().enumerate() {
        let one = Instant::now();
        let digest = words::digest(&said[i].1);
        let group = seen.get(&digest).copied().unwrap_or_else(|| {
            let best = index
                .best(terms, 1)
                .into_iter()
                .find(|m: &Match| m.near || m.similarity >= joins_min);
            best.map_or(groups, |m| m.topic.parse().unwrap_or(groups))
        });
        groups = groups.max(group + 1);
        // What was said before in the same words is counted, not indexed again.
        if seen.insert(digest, group).is_none() {
            index.add(&i.to_string(), &group.to_string(), terms, false);
        }
        group_of.push(group);
        slowest = slowest.max(one.elapsed().as_secs_f64());
    }
    let took = begun.elapsed().as_secs_f64();
    println!(
        "grouped {count} ({} different): {took:.2} s, {:.1} µs each, slowest {:.1} ms, {:.0} MB",
        seen.len(),
        took * 1e6 / count as f64,
        slowest * 1e3,
        resident_mb() - before
    );
    judge(&said, &group_of, groups);
    println!("resident at the end: {:.0} MB", resident_mb());
}

fn judge(said: &[(usize, String)], group_of: &[usize], groups: usize) {
    let mut cell: HashMap<(usize, usize), usize> = HashMap::new();
    let (mut of_topic, mut of_group) = (HashMap::new(), vec![0_usize; groups]);
    for ((topic, _), group) in said.iter().zip(group_of) {
        *cell.entry((*topic, *group)).or_default() += 1;
        *of_topic.entry(*topic).or_insert(0_usize) += 1;
        of_group[*group] += 1;
    }
    let n = said.len() as f64;
    let (mut precision, mut recall) = (0.0, 0.0);
    let mut largest = vec![0_usize; groups];
    for ((topic, group), both) in &cell {
        let both_f = *both as f64;
        precision += both_f * both_f / of_group[*group] as f64 / n;
        recall += both_f * both_f / of_topic[topic] as f64 / n;
        largest[*group] = largest[*group].max(*both);
    }
    let purity = largest.iter().sum::<usize>() as f64 / n;
    println!(
        "{} topics, {groups} groups: B-cubed precision {precision:.3}, recall {recall:.3}, F {:.3}; purity {purity:.3}",
        of_topic.len(),
        2.0 * precision * recall / (precision + recall)
    );
}
