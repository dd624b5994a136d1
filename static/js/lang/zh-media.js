/** 中文：图片、语音和文件。 */
export default {
  attach: "添加文件",
  "attach.drop": "拖放到这里发送",
  "attach.folder": "不能发送文件夹，请先压缩成一个文件。",

  "tray.title": "待发送 {n} 个文件",
  "tray.empty": "全部移除",
  "tray.remove": "移除 {name}",
  "tray.large": "太大：最多 {size}",
  "tray.pixels": "太大：最多 {n} 百万像素",

  "upload.going": "正在上传 {name}",
  "upload.cancel": "不发送 {name}",
  "upload.of": "{gone} / {size}",
  "upload.here": "文件只保留在这个标签页中。",

  "picture.open": "打开图片 {name}",
  "picture.broken": "无法显示",

  "viewer.title": "会话中的图片",
  "viewer.picture": "{name}的图片，{time}",
  "viewer.larger": "放大",
  "viewer.smaller": "缩小",
  "viewer.older": "上一张",
  "viewer.newer": "下一张",

  "menu.download": "下载",
  "menu.copy.picture": "复制图片",
  "menu.forward": "转发",

  "forward.title": "转发给",
  "forward.find": "查找会话和联系人",
  "forward.known": "会话",
  "forward.do": "转发",
  "forward.done": "已转发到 {n} 个会话",

  "file.save": "下载 {name}，{size}",

  "kind.image": "[图片]",
  "kind.voice": "[语音]",
  "kind.file": "[文件]",
};
