/** English: pictures, voices and files. */
export default {
  attach: "Attach files",
  "attach.drop": "Drop files here to send them",
  "attach.folder": "Folders cannot be sent. Pack one into a file first.",

  "tray.title": { one: "{n} file to send", other: "{n} files to send" },
  "tray.empty": "Remove all",
  "tray.remove": "Remove {name}",
  "tray.large": "Too large: at most {size}",
  "tray.pixels": "Too large: at most {n} megapixels",

  "upload.going": "Uploading {name}",
  "upload.cancel": "Do not send {name}",
  "upload.of": "{gone} of {size}",
  "upload.here": "The file is kept in this tab only.",

  "picture.open": "Open picture {name}",
  "picture.broken": "Not available",

  "viewer.title": "Pictures of this conversation",
  "viewer.picture": "Picture from {name}, {time}",
  "viewer.larger": "Zoom in",
  "viewer.smaller": "Zoom out",
  "viewer.older": "Previous picture",
  "viewer.newer": "Next picture",

  "menu.download": "Download",
  "menu.copy.picture": "Copy picture",
  "menu.forward": "Forward",

  "forward.title": "Forward to",
  "forward.find": "Find conversations and people",
  "forward.known": "Conversations",
  "forward.do": "Forward",
  "forward.done": { one: "Forwarded", other: "Forwarded to {n} conversations" },

  "file.save": "Download {name}, {size}",

  "kind.image": "[Picture]",
  "kind.voice": "[Voice]",
  "kind.file": "[File]",
};
