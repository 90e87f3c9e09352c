import { Fault } from "../../lib/fault.ts";

/** Numbers a program is to run under; undefined parts stay the daemon's. */
export interface UserIds {
  readonly uid: number;
  readonly gid: number;
}

/** The machine's user and group tables, as texts in the form of passwd(5) and group(5). */
export interface UserTables {
  readonly passwd: string;
  readonly group: string;
}

/**
 * The numbers for a spec's user: "name", "uid", "name:group", "uid:gid". A user without a group gets its own primary
 * one, or 0 when the table does not know it. Faults invalid_argument with Docker's texts.
 */
export function resolveUser(user: string, tables: UserTables): UserIds {
  const [name = "", groupName] = user.split(":");
  const entry = lookUp(tables.passwd, name, 2);
  const uid = entry ? Number(entry[2]) : numberOf(name);
  if (uid === undefined)
    throw new Fault("invalid_argument", `unable to find user ${name}: no matching entries in passwd file`);
  if (groupName === undefined) return { uid, gid: entry ? Number(entry[3]) : 0 };
  const group = lookUp(tables.group, groupName, 2);
  const gid = group ? Number(group[2]) : numberOf(groupName);
  if (gid === undefined)
    throw new Fault("invalid_argument", `unable to find group ${groupName}: no matching entries in group file`);
  return { uid, gid };
}

/** The line whose first field is `key`, or whose field number `idField` is. */
function lookUp(table: string, key: string, idField: number): string[] | undefined {
  const lines = table.split("\n").map(line => line.split(":"));
  return lines.find(fields => fields[0] === key) ?? lines.find(fields => fields[idField] === key);
}

function numberOf(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}
