/** What a group is to me, and what its events make of it. Pure functions. */

/** The number of a group, from the name of its conversation. */
export function gidOf(conv) {
  return Number(conv.slice(1));
}

export function leads(role) {
  return role === "owner" || role === "admin";
}

/** Whether somebody of this role has a say over a member. */
export function isOver(role, member) {
  return (role === "owner" && member.role !== "owner") || (role === "admin" && member.role === "member");
}

/** Whether a message is the first one that I may read: I have come in, or come back. */
export function isArrival({ event, data }, me) {
  return event === "created" || (event === "joined" && data.uids.includes(me));
}

/** Whether somebody else mentions me in a message. */
export function mentionsMe({ from, mentions }, me) {
  return Boolean(mentions) && from !== me && (mentions === "all" || mentions.includes(me));
}

/** The group as its members see it, after an event. Events that it has already seen change nothing. */
export function withEvent(group, { event, data = {} }) {
  const { uids = [] } = data;
  const each = (change) => group.members.map((member) => (uids.includes(member.uid) ? { ...member, ...change } : member));
  if (event === "changed") return { ...group, ...changed(data) };
  if (event === "role") {
    return { ...group, members: each({ role: data.role }), owner: data.role === "owner" ? uids[0] : group.owner };
  }
  if (event === "muted") return { ...group, members: each({ muted_until: data.until }) };
  if (event === "left" || event === "kicked") {
    return { ...group, members: group.members.filter(({ uid }) => !uids.includes(uid)) };
  }
  if (event === "joined") {
    const known = new Set(group.members.map(({ uid }) => uid));
    const come = uids.filter((uid) => !known.has(uid)).map((uid) => ({ uid, role: "member", muted_until: 0 }));
    return { ...group, members: [...group.members, ...come] };
  }
  return group;
}

/** The same for the group as it stands in the list, `{name, avatar, owner, role, members: n}`. */
export function rowWithEvent(row, { event, data = {} }, me) {
  const { uids = [] } = data;
  const mine = uids.includes(me);
  if (event === "changed") {
    const { name = row.name, avatar = row.avatar } = data;
    return { ...row, name, avatar };
  }
  if (event === "joined") return { ...row, members: row.members + uids.length, role: mine ? "member" : row.role };
  if (event === "left" || event === "kicked") {
    return { ...row, members: row.members - uids.length, role: mine ? null : row.role };
  }
  if (event === "role") {
    return { ...row, owner: data.role === "owner" ? uids[0] : row.owner, role: mine ? data.role : row.role };
  }
  return event === "dissolved" ? { ...row, role: null } : row;
}

function changed(data) {
  return Object.fromEntries(["name", "announcement", "avatar", "speak"].filter((key) => key in data).map((key) => [key, data[key]]));
}

/** The events after which I am not in the group. */
const ENDS = ["kicked", "left", "dissolved"];

/**
 * Why I may not write in a conversation: `{why, by?, until?}`, or null where I may. `group` is its shape,
 * as far as it is known.
 */
export function silence(conv, group, me, now) {
  if (conv.type !== "group") return null;
  if (conv.group?.role === null) {
    const { event, data } = conv.last_message ?? {};
    return ENDS.includes(event) ? { why: event, by: data.by } : { why: "outside" };
  }
  const mine = group?.members.find(({ uid }) => uid === me);
  if (mine?.role !== "member") return null;
  if (mine.muted_until > now) return { why: "muted", until: mine.muted_until };
  return group.speak === "admins" ? { why: "admins" } : null;
}

/** How many others have read up to a message, and who: `reads` is uid -> seq. */
export function readersOf(reads, group, seq, me) {
  const there = group?.members ?? [];
  return there.map(({ uid }) => uid).filter((uid) => uid !== me && (reads?.[uid] ?? 0) >= seq);
}
