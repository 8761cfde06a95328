// Text as GBK, which browsers and Node read but do not write: the table is made by reading.
const codes = new Map()
const decoder = new TextDecoder('gbk', { fatal: true })
for (let high = 0x81; high <= 0xfe; high += 1) {
  for (let low = 0x40; low <= 0xfe; low += 1) {
    if (low === 0x7f) continue
    try {
      const text = decoder.decode(Uint8Array.of(high, low))
      if (text.length === 1 && !codes.has(text)) codes.set(text, [high, low])
    } catch {
      // Not a character.
    }
  }
}

export function gbk(text) {
  const bytes = []
  for (const one of text) {
    const code = one.codePointAt(0)
    if (code < 0x80) bytes.push(code)
    else if (codes.has(one)) bytes.push(...codes.get(one))
    else throw new Error(`GBK has no ${one}`)
  }
  return Buffer.from(bytes)
}

/** An identity number whose last digit is right (GB 11643), of nobody. */
export function residentId(area, day, serial) {
  const head = `${area}${day}${String(serial).padStart(3, '0')}`
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
  const sum = weights.reduce((total, weight, i) => total + weight * Number(head[i]), 0)
  return head + '10X98765432'[sum % 11]
}

/** A register of visits as an office exports it: GBK, codes with zeros, identity and mobile numbers, a few bad rows. */
export function visits(rows, { bad = true } = {}) {
  const towns = ['夏阳街道', '盈浦街道', '香花桥街道', '赵巷镇', '徐泾镇', '华新镇', '重固镇', '白鹤镇']
  const lines = ['登记编号,身份证号,手机号,性别,年龄,街道,行政区划代码,受理日期,办理事项,等候分钟']
  const items = ['社保查询', '居住证', '公积金', '医保结算', '户籍办理']
  for (let n = 0; n < rows; n += 1) {
    const year = 1945 + ((n * 7) % 60)
    const day = `${year}${String(1 + (n % 12)).padStart(2, '0')}${String(1 + (n % 28)).padStart(2, '0')}`
    const at = new Date(Date.UTC(2024, 0, 1 + (n % 366)))
    const date = n % 3 === 0 ? `${at.getUTCFullYear()}/${at.getUTCMonth() + 1}/${at.getUTCDate()}` : at.toISOString().slice(0, 10)
    lines.push(
      [
        String(n).padStart(6, '0'),
        residentId('310118', day, n % 1000),
        `138${String(10000000 + ((n * 9973) % 89999999)).padStart(8, '0')}`,
        n % 2 ? '男' : '女',
        2024 - year,
        towns[n % towns.length],
        `0${String(31011800 + (n % towns.length))}`,
        date,
        items[n % items.length],
        (n * 13) % 90,
      ].join(','),
    )
  }
  if (bad) {
    lines[101] = lines[101].replace(/,(\d+)$/, ',很久')
    lines[2002] = lines[2002].replace(/,(\d+)$/, ',不详吧')
    lines[3003] = '003002,少了几列'
  }
  return lines.join('\r\n') + '\r\n'
}
