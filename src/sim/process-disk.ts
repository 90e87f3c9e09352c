import { sleep } from "../ports/clock.ts";
import type { AppendFile, Disk } from "../ports/disk.ts";
import type { SimProcess } from "./process.ts";

/** How long a healthy disk takes, in milliseconds: anything between these. A program can be killed meanwhile. */
const fastestMs = 0.05;
const slowestMs = 4;

/**
 * A machine's disk as one of its programs sees it: each operation takes time, and a dead program's never come to pass.
 * `slowness` says how many times as long as a healthy disk it takes now.
 */
export function processDisk(disk: Disk, process: SimProcess, slowness: () => number = () => 1): Disk {
  const later = async <T>(operation: () => Promise<T>): Promise<T> => {
    const healthyMs = fastestMs + (slowestMs - fastestMs) * process.random.float() ** 4;
    await sleep(process.clock, slowness() * healthyMs);
    return operation();
  };
  return {
    read: path => later(() => disk.read(path)),
    replace: (path, content, mode) => later(() => disk.replace(path, content, mode)),
    openAppend: (path, reserveBytes, spare) =>
      later(async () => processFile(await disk.openAppend(path, reserveBytes, spare), later)),
    recycle: (path, spare) => later(() => disk.recycle(path, spare)),
    list: directory => later(() => disk.list(directory)),
    makeDirectory: path => later(() => disk.makeDirectory(path)),
    remove: path => later(() => disk.remove(path)),
  };
}

function processFile(file: AppendFile, later: <T>(operation: () => Promise<T>) => Promise<T>): AppendFile {
  return {
    get size() {
      return file.size;
    },
    append: chunks => later(() => file.append(chunks)),
    sync: () => later(() => file.sync()),
    truncate: size => later(() => file.truncate(size)),
    close: () => later(() => file.close()),
  };
}
