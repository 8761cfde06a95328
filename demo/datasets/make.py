#!/usr/bin/env python3
"""Writes the sample datasets of this folder anew: python3 demo/datasets/make.py

Everything is made up by this script from a fixed seed; standard library only. Nobody is meant by
anything in it: identity numbers carry valid check digits but a division code (310199) that was
never given out, mobile numbers an unassigned prefix (1400000), bank cards an unassigned issuer
(9999), credit codes the same division code; people are called 王某甲 and the like, roads 示例.

The files are untidy on purpose, each in ways that officials meet; datasets.toml says which.
"""
import datetime
import io
import json
import pathlib
import random
import zipfile
from xml.sax.saxutils import escape

HERE = pathlib.Path(__file__).parent
CHANCE = random.Random(20240630)
# Centres of the towns, rounded; places are scattered about them.
TOWNS = {
    "夏阳街道": (121.12, 31.14), "盈浦街道": (121.10, 31.16), "香花桥街道": (121.12, 31.20),
    "赵巷镇": (121.20, 31.16), "徐泾镇": (121.27, 31.18), "华新镇": (121.23, 31.24),
    "重固镇": (121.17, 31.22), "白鹤镇": (121.13, 31.26), "朱家角镇": (121.05, 31.11),
    "练塘镇": (121.03, 31.01), "金泽镇": (120.92, 31.04),
}
NAMES = list(TOWNS)
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余"
STEMS = "甲乙丙丁戊己庚辛壬癸"


def below(n):
    """A whole number from 0 to n - 1."""
    return int(CHANCE.random() * n)


def one_of(items):
    return items[below(len(items))]


def between(low, high, digits=0):
    value = round(low + CHANCE.random() * (high - low), digits)
    return int(value) if digits == 0 else value


def wide(value):
    """Digits and signs in full width."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in str(value))


def day(value, form):
    """A day as one of those who fill in such files writes it."""
    y, m, d = value.year, value.month, value.day
    return [f"{y}-{m:02}-{d:02}", f"{y}/{m}/{d}", f"{y}年{m}月{d}日", f"{y}{m:02}{d:02}",
            f"{y}.{m}.{d}", wide(f"{y}-{m:02}-{d:02}")][form]


def days_from(first, n):
    return [first + datetime.timedelta(days=i) for i in range(n)]


def place(town, spread=0.03):
    x, y = TOWNS[town]
    return (round(x + (CHANCE.random() - 0.5) * spread, 5), round(y + (CHANCE.random() - 0.5) * spread, 5))


def person(i):
    return SURNAMES[i % len(SURNAMES)] + "某" + STEMS[i // len(SURNAMES) % len(STEMS)]


def resident_id(born, n):
    body = f"310199{born:%Y%m%d}{n % 1000:03}"
    total = sum(int(c) * (2 ** (17 - i) % 11) for i, c in enumerate(body))
    return body + "10X98765432"[total % 11]


CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code(n):
    """GB 32100, with the check character of GB 11714 inside it."""
    organisation = f"MA9{n:05}"
    values = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    check = 11 - sum(values.index(c) * w for c, w in zip(organisation, (3, 7, 9, 10, 5, 8, 4, 2))) % 11
    body = "91310199" + organisation + {10: "X", 11: "0"}.get(check, str(check))
    weights = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
    return body + CREDIT[(31 - sum(CREDIT.index(c) * w for c, w in zip(body, weights)) % 31) % 31]


def bank_card(n):
    body = f"9999{n:014}"
    total = 0
    for i, c in enumerate(reversed(body)):
        value = int(c) * (2 if i % 2 == 0 else 1)
        total += value // 10 + value % 10
    return body + str(-total % 10)


def mobile(n):
    return f"1400000{n % 10000:04}"


def delimited(rows, separator=","):
    def cell(value):
        text = "" if value is None else str(value)
        return '"' + text.replace('"', '""') + '"' if any(c in text for c in separator + '"\n') else text
    return "".join(separator.join(map(cell, row)) + "\r\n" for row in rows)


def write(name, data, encoding="utf-8"):
    data = data.encode(encoding) if isinstance(data, str) else data
    (HERE / name).write_bytes(data)
    print(f"{name}: {len(data):,} bytes")


def letter(column):
    return chr(ord("A") + column)


def workbook(sheet, rows, merged):
    """A workbook of one sheet; a date stands as Excel's number with a date's format."""
    lines = []
    for r, row in enumerate(rows, 1):
        cells = []
        for c, value in enumerate(row):
            at = f'r="{letter(c)}{r}"'
            if value is None or value == "":
                continue
            if isinstance(value, datetime.date):
                number = (value - datetime.date(1899, 12, 30)).days
                cells.append(f'<c {at} s="1"><v>{number}</v></c>')
            elif isinstance(value, (int, float)):
                cells.append(f"<c {at}><v>{value}</v></c>")
            else:
                cells.append(f'<c {at} t="inlineStr"><is><t>{escape(value)}</t></is></c>')
        lines.append(f'<row r="{r}">{"".join(cells)}</row>')
    areas = "".join(f'<mergeCell ref="{area}"/>' for area in merged)
    areas = f'<mergeCells count="{len(merged)}">{areas}</mergeCells>' if merged else ""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        f'<sheet name="{escape(sheet)}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{office}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><fonts count="1"><font/></fonts>'
        '<fills count="1"><fill/></fills><borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf numFmtId="0"/>'
        '<xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}</sheetData>'
        f"{areas}</worksheet>",
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 6, 30, 0, 0, 0)), head + text, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def air_quality():
    rows = [["空气质量日报（示例数据）", "", "", "", "", "", "", ""],
            ["站点", "日期", "PM2.5（微克/立方米）", "PM10（微克/立方米）", "二氧化氮", "臭氧", "空气质量指数", "首要污染物"]]
    for s, station in enumerate(["青浦城区站", "西虹桥站", "朱家角站", "淀山湖站"]):
        for i, at in enumerate(days_from(datetime.date(2024, 1, 1), 366)):
            winter = abs(i - 183) / 183
            pm25 = round(12 + 45 * winter * CHANCE.random() + 14 * CHANCE.random() - s, 1)
            ozone = between(40 + 70 * (1 - winter), 90 + 90 * (1 - winter))
            index = int(max(pm25 * 1.35, ozone * 0.6)) + below(8)
            cells = [pm25, round(pm25 * 1.5 + between(3, 15), 1), between(12, 55), ozone, index,
                     "PM2.5" if pm25 * 1.35 > ozone * 0.6 else "臭氧"]
            lost = CHANCE.random()
            if lost < 0.015:
                cells[0] = "—"
            elif lost < 0.02:
                cells[1] = "检修"
            elif lost < 0.023:
                cells[3] = "通讯中断"
            elif lost < 0.04:
                cells[4] = wide(cells[4])
            rows.append([station, day(at, s % 4), *cells])
    # Somebody's comma in the middle of a number.
    rows[700][2] = "3,5.1"
    write("air-quality-daily.csv", delimited(rows), "gb18030")


def bus_stops():
    rows = [["站点编码", "站名", "所在镇（街道）", "停靠线路数", "候车亭", "启用日期", "经度", "纬度"]]
    for i in range(420):
        town = NAMES[i % len(NAMES)]
        x, y = place(town)
        name = f"示例{one_of('东西南北中')}{one_of(['路', '街', '大道', '公路'])}{one_of(['桥东', '桥西', '学校', '社区', '医院', '码头'])}站"
        opened = datetime.date(2008, 1, 1) + datetime.timedelta(days=below(5900))
        cells = [f"{i + 1:05}", name, town, between(1, 9), one_of("是是是否"), day(opened, below(5)), x, y]
        if i in (37, 211):
            cells[6], cells[7] = "待测", "待测"
        if i == 300:
            cells[5] = "2019年2月30日"
        if i == 377:
            cells = cells[:5]
        rows.append(cells)
    write("bus-stops.csv", "\ufeff" + delimited(rows))


def culture_venues():
    rows = [["公共文化场馆一览（示例数据，非官方发布）"] + [""] * 8,
            ["序号", "场馆", "", "所在镇（街道）", "开放时间", "", "座席数", "位置", ""],
            ["", "名称", "类别", "", "工作日", "周末", "", "经度", "纬度"]]
    kinds = ["图书馆分馆", "文化活动中心", "美术馆", "博物馆", "村居文化客厅"]
    for i in range(44):
        town = NAMES[i % len(NAMES)]
        kind = kinds[i % len(kinds)]
        x, y = place(town)
        hours = one_of(["9:00-17:00", "8:30—16:30", "9：00－20：30", "闭馆"])
        rows.append([i + 1, f"{town}示例{kind}", kind, town, hours, one_of(["9:00-20:30", "9:00-17:00"]),
                     wide(between(20, 400)) if i % 6 == 0 else between(20, 400), x, y])
    rows[20][6] = "约１２０"
    merged = ["A1:I1", "A2:A3", "B2:C2", "D2:D3", "E2:F2", "G2:G3", "H2:I2"]
    write("culture-venues.xlsx", workbook("场馆", rows, merged))


def new_companies():
    rows = [["统一社会信用代码", "企业名称", "企业类型", "行业门类", "注册资本（万元）", "成立日期", "住所", "法定代表人"]]
    trades = ["信息传输、软件和信息技术服务业", "批发和零售业", "科学研究和技术服务业", "租赁和商务服务业",
              "制造业", "交通运输、仓储和邮政业", "农、林、牧、渔业"]
    for i in range(520):
        town, trade = one_of(NAMES), one_of(trades)
        capital = one_of([10, 50, 100, 200, 500, 1000, 3000])
        shown = [f"{capital}", wide(capital), f"{capital:,}", f"{capital}.00"][below(4)]
        founded = datetime.date(2024, 1, 1) + datetime.timedelta(days=i * 366 // 520)
        rows.append([credit_code(i + 1), f"上海示例{STEMS[i % 10]}{STEMS[i // 10 % 10]}{SURNAMES[i % 40]}记{one_of(['科技', '贸易', '物流', '农业', '信息'])}有限公司",
                     one_of(["有限责任公司", "有限责任公司（自然人独资）", "股份有限公司"]), trade, shown,
                     day(founded, i % 6), f"上海市青浦区{town}示例路{between(1, 999)}号{between(1, 9)}幢", person(i)])
    for i, words in ((60, "一百万"), (188, "500万美元"), (402, "见章程")):
        rows[i][4] = words
    rows.append(rows[100])
    write("new-companies.txt", delimited(rows, "\t"), "gb18030")


def river_water():
    rows = [["监测断面", "监测日期", "水温（℃）", "pH", "溶解氧（mg/L）", "氨氮（mg/L）", "总磷（mg/L）", "水质类别"]]
    sections = [f"示例{kind}{n}号断面" for kind in ("江", "河", "塘", "荡") for n in (1, 2, 3)]
    for month in range(24):
        for s, section in enumerate(sections):
            at = datetime.date(2023 + month // 12, month % 12 + 1, 3 + s)
            oxygen, ammonia = between(4.5, 10.5, 2), between(0.08, 1.6, 2)
            grade = "Ⅱ类" if ammonia < 0.5 else "Ⅲ类" if ammonia < 1.0 else "Ⅳ类"
            cells = [section, day(at, s % 5), between(5, 30, 1), between(6.8, 8.4, 2), oxygen, ammonia,
                     between(0.03, 0.25, 3), grade]
            if CHANCE.random() < 0.025:
                cells[5] = "<0.05"
            if CHANCE.random() < 0.02:
                cells[6] = ""
            rows.append(cells)
    # A slip no type finds: a pH of 78.
    rows[140][3] = 78
    write("river-water.csv", delimited(rows, ";"), "gb18030")


def car_parks():
    parks = []
    for i in range(64):
        town = NAMES[i % len(NAMES)]
        x, y = place(town)
        spaces = between(30, 800)
        park = {"编号": f"QP{i + 1:04}", "名称": f"{town}示例停车场{i // len(NAMES) + 1}", "所在镇（街道）": town,
                "泊位数": spaces, "充电泊位数": spaces // 10, "收费标准": {"白天": "首小时6元", "夜间": "每次10元"},
                "全天开放": bool(i % 3), "经度": x, "纬度": y}
        if i % 9 == 4:
            del park["充电泊位数"]
        parks.append(park)
    parks[50]["泊位数"] = "在建"
    document = {"说明": "示例数据", "更新时间": "2024-12-31", "data": parks}
    write("car-parks.json", json.dumps(document, ensure_ascii=False, indent=1) + "\n")


def produce_prices():
    lines = []
    goods = {"练塘茭白": 7.5, "草莓": 24, "青菜": 4.2, "番茄": 6.8, "黄瓜": 5.1, "大米": 5.6, "猪肉": 28, "草鱼": 15,
             "鲫鱼": 18, "鸡蛋": 10.4, "土豆": 3.8, "萝卜": 2.6, "西瓜": 4.4, "葡萄": 16, "豆腐": 5, "白鹤草莓": 30}
    for week in range(52):
        at = datetime.date(2024, 1, 5) + datetime.timedelta(weeks=week)
        for name, price in goods.items():
            low = round(price * (0.85 + 0.25 * CHANCE.random()), 2)
            record = {"date": str(at), "product": name, "low": low, "high": round(low * (1.08 + 0.2 * CHANCE.random()), 2),
                      "unit": "元/公斤", "market": one_of(["示例批发市场", "示例农贸市场"])}
            if CHANCE.random() < 0.01:
                record["high"] = None
            lines.append(json.dumps(record, ensure_ascii=False))
    lines[333] = lines[333][:40]
    write("produce-prices.ndjson", "\n".join(lines) + "\n")


def open_data_use():
    rows = [["月份", "开放领域", "开放数据集数", "开放数据量（万条）", "下载次数", "接口调用次数", "字段完整率"]]
    themes = ["经济建设", "城市建设", "道路交通", "教育科技", "民生服务", "公共安全", "资源环境", "文化休闲", "卫生健康", "机构团体"]
    for month in range(24):
        at = datetime.date(2023 + month // 12, month % 12 + 1, 1)
        for t, theme in enumerate(themes):
            calls = between(900, 60_000)
            rate = between(91, 100, 1)
            rows.append([day(at, 0), theme, 6 + t + month // 3, round(3 + t * 1.7 + month * 0.9, 1), between(40, 2200),
                         f"{calls:,}", f"{rate}%" if t % 3 else wide(rate) + "％"])
    write("open-data-use.csv", delimited(rows))


def road_works():
    rows = [["许可文号", "道路名称", "起止点", "施工原因", "占路开始日期", "占路结束日期", "施工单位", "所在镇（街道）", "占用车道数"]]
    reasons = ["燃气管道更新", "雨污分流改造", "通信管线敷设", "路面大修", "供水管道抢修"]
    for i in range(130):
        begins = datetime.date(2024, 2, 1) + datetime.timedelta(days=i * 2)
        ends = begins + datetime.timedelta(days=between(2, 60))
        rows.append([f"青占许〔2024〕{i + 1:03}号", f"示例{one_of('东西南北')}路", f"示例{below(9) + 1}路—示例{below(9) + 10}路",
                     one_of(reasons), day(begins, i % 6), day(ends, (i + 2) % 6), "示例市政工程公司", one_of(NAMES), between(1, 3)])
    # Ends before it begins: no type finds it, the quality rule does.
    rows[44][4], rows[44][5] = rows[44][5], rows[44][4]
    rows[71][5] = "完工为止"
    rows[99][5] = "2024年6月31日"
    write("road-works.tsv", delimited(rows, "\t"))


def power_use():
    uses = ["工业", "居民生活", "商业及其他"]
    rows = [["分镇（街道）用电量（示例数据）"] + [""] * 6, ["单位：万千瓦时"] + [""] * 6,
            ["镇（街道）", "2023年", "", "", "2024年", "", ""], [""] + uses + uses]
    for town in NAMES:
        base = [between(3_000, 60_000), between(2_000, 16_000), between(1_000, 20_000)]
        rows.append([town, *base, *[round(v * (1.02 + CHANCE.random() * 0.08), 1) for v in base]])
    rows[6][3] = "/"
    merged = ["A1:G1", "A2:G2", "A3:A4", "B3:D3", "E3:G3"]
    write("power-use-by-town.xlsx", workbook("用电量", rows, merged))


def talent_allowances():
    rows = [["姓名", "身份证号", "手机号码", "银行卡号", "工作单位", "单位统一社会信用代码", "补贴批次", "补贴金额（元）", "发放日期"]]
    for i in range(300):
        born = datetime.date(1975, 1, 1) + datetime.timedelta(days=below(9_000))
        paid = datetime.date(2024, 3 + 3 * (i // 100), 15)
        amount = one_of([600, 1200, 2000, 5000])
        rows.append([person(i), resident_id(born, i), mobile(i), bank_card(i + 1), f"上海示例{STEMS[i % 10]}研究有限公司",
                     credit_code(600 + i % 40), f"2024年第{'一二三'[i // 100]}批", wide(amount) if i % 11 == 0 else amount,
                     day(paid, i % 5)])
    rows[17][7] = "待核"
    rows[150][8] = "发放中"
    # A slip of one digit: the check digit tells.
    rows[222][1] = rows[222][1][:10] + str((int(rows[222][1][10]) + 1) % 2) + rows[222][1][11:]
    write("talent-allowances.csv", delimited(rows), "gb18030")


def home_care():
    rows = [["居家养老服务登记表（示例数据，人员均为虚构）"] + [""] * 9,
            ["姓名", "身份证号码", "出生日期", "所在镇（街道）", "住址", "照护等级", "月服务次数", "评估日期", "经度", "纬度"]]
    for i in range(240):
        born = datetime.date(1930, 1, 1) + datetime.timedelta(days=below(9_800))
        town = NAMES[i % len(NAMES)]
        x, y = place(town)
        judged = datetime.date(2024, 1, 1) + datetime.timedelta(days=below(360))
        rows.append([person(i + 37), resident_id(born, i + 400), born if i % 2 else day(born, 2), town,
                     f"上海市青浦区{town}示例新村{between(1, 200)}号{between(101, 603)}室", f"{wide(between(1, 6))}级" if i % 5 == 0 else f"{between(1, 6)}级",
                     between(4, 30), judged if i % 3 else day(judged, 4), x, y])
    rows[90][6] = "按需"
    write("home-care.xlsx", workbook("登记表", rows, ["A1:J1"]))


def hotline():
    rows = [["工单编号", "受理时间", "来电号码", "诉求类别", "所在镇（街道）", "承办单位", "办结时间", "是否满意"]]
    kinds = ["占道停车", "噪声扰民", "垃圾清运", "公共设施损坏", "公交调整", "水质反映", "政策咨询"]
    for i in range(600):
        at = datetime.datetime(2024, 1, 1, 8, 0) + datetime.timedelta(minutes=i * 870 + below(600))
        done = at + datetime.timedelta(minutes=between(90, 15_000))
        form = [f"{at:%Y-%m-%d %H:%M:%S}", f"{at:%Y/%m/%d %H:%M}", f"{at.year}年{at.month}月{at.day}日{at.hour}时{at.minute}分"]
        rows.append([f"S{2024000000 + i}", form[i % 3], mobile(i * 7 + 3), one_of(kinds), one_of(NAMES),
                     one_of(["城管执法局", "建管委", "生态环境局", "公安分局"]), "" if i > 580 else f"{done:%Y-%m-%d %H:%M}",
                     one_of("是是是否")])
    rows[400][1] = "2024-13-01 08:00"
    # As Excel saves "Unicode text".
    write("hotline-tickets.txt", "\ufeff" + delimited(rows, "\t"), "utf-16-le")


def charging_points():
    rows = [["桩编号", "场站名称", "所在镇（街道）", "功率（千瓦）", "投运日期", "对外开放"]]
    for i in range(96):
        opened = datetime.date(2019, 5, 1) + datetime.timedelta(days=below(1_900))
        town = one_of(NAMES)
        rows.append([f"3101180{i + 1:05}", f"{town}示例充电站", town, one_of([7, 60, 120, "１２０", 240]), day(opened, below(6)), one_of("是是否")])
    for i, power in ((9, "七千瓦"), (28, "60/120"), (53, "快充"), (77, "暂无数据")):
        rows[i][3] = power
    for i, opened in ((15, "2023年春"), (61, "2022-02-29")):
        rows[i][4] = opened
    rows[40] = rows[40][:3]
    rows[84] = rows[84] + ["多出一列"]
    write("charging-points.csv", delimited(rows), "gb18030")


for make in (air_quality, bus_stops, culture_venues, new_companies, river_water, car_parks, produce_prices, open_data_use,
             road_works, power_use, talent_allowances, home_care, hotline, charging_points):
    make()
