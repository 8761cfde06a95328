/** GB/T 9704 fonts with what stands in for them elsewhere. */
const FONTS: Record<string, string> = {
  仿宋_GB2312: "'FangSong_GB2312','仿宋_GB2312','FangSong','仿宋','STFangsong','Noto Serif CJK SC',serif",
  楷体_GB2312: "'KaiTi_GB2312','楷体_GB2312','KaiTi','楷体','STKaiti','Noto Serif CJK SC',serif",
  方正小标宋简体: "'FZXiaoBiaoSong-B05S','方正小标宋简体','SimSun','宋体','STSong','Noto Serif CJK SC',serif",
  黑体: "'SimHei','黑体','STHeiti','Noto Sans CJK SC',sans-serif",
}

/** A font of a paper as a browser finds it; body text's for one that is not known. */
export const fontFamily = (name: string) => FONTS[name] ?? FONTS['仿宋_GB2312']
