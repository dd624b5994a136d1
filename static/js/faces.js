/** Pictures of people and groups: a square that was cut out is uploaded and put in the place of the old one. */
import { api } from "./api.js";
import { learn } from "./chat.js";
import { changeGroup } from "./groups.js";
import { get, set } from "./store.js";
import { upload } from "./upload.js";

/** @param {?Blob} file  null takes the picture away. Rejects with the refusal. */
export async function setMyFace(file) {
  const avatar = await uploaded(file);
  await api.patch("/api/user/me", { avatar });
  const me = { ...get().me, avatar };
  set({ me });
  learn([me]);
}

/** The same of a group; its event tells everybody. */
export async function setGroupFace(conv, file) {
  await changeGroup(conv, { avatar: await uploaded(file) });
}

async function uploaded(file) {
  return file && (await upload(file, "picture")).id;
}
