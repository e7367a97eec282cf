import { Option } from '@commander-js/extra-typings';
import { fileAt } from '@sigstand/job/file';
import { several } from '@sigstand/job/values';
import { identitiesIn } from '../backup/age.ts';
import { databaseIn } from '../database.ts';
import { prefixOption, singleOption, stackNames, stackRecords } from '../names.ts';
import { takeOverOption, timeoutOption } from '../options.ts';
import { holderOf, withLease } from '../rotate/lease.ts';
import { rotationRecords } from '../rotate/record.ts';
import { seenAt } from '../status/state.ts';
import { text } from '../values.ts';
import { defineVerb, patientAccessTo, verbCommand } from '../verb.ts';
import { backupFile } from './backup-file.ts';
import { contentsOf, dumpIn } from './contents.ts';
import { seenLogs } from './lost.ts';
import { Differs, refuseOtherNames } from './plan.ts';
import { differing, report } from './report.ts';
import { restore as putBack } from './restore.ts';

const summaryOf = 'put a stack back from the file that backup wrote';

const description = `Put a stack back from the file that sigstand backup wrote: its namespaces, Secrets and ConfigMaps, and
then the database, into a cluster that has none of it, or a part of the same. What is equal stays. Killed and run
again, it goes on.`;

const afterwards = `
Exit status: 0 all of it is there; 64 a flag is wrong; 65 the file is no whole backup, or encrypted to others; 69 the
database's Pod is not there yet: apply it, and run this again; 75 something failed that may pass; 77 forbidden;
78 the cluster has something else, and nothing was written.`;

const command = () =>
  verbCommand('restore', summaryOf, description)
    .requiredOption('--from <file>', 'the file that sigstand backup wrote', text)
    .addOption(
      new Option('--identity-file <file>', 'a file as age-keygen writes it, as often as there are')
        .default([] as readonly string[], 'none')
        .argParser(several(text)),
    )
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--objects-only', 'leave the database for another run')
    .addOption(
      new Option('--keep-different', 'leave what differs as it is').conflicts('overwriteDifferent'),
    )
    .option('--overwrite-different', "put the backup's in the place of what differs")
    .addOption(takeOverOption())
    .option('--seen <file>', 'the --state of sigstand status, to name what was lost', text)
    .addOption(timeoutOption("how long to wait for the database's Pod"))
    .addOption(prefixOption())
    .addOption(singleOption())
    .addHelpText('after', afterwards);

/** `sigstand restore`. */
export const restore = () =>
  defineVerb(command(), async (context, options) => {
    const { print, env, log, now, signal } = context;
    const {
      from,
      json,
      dryRun = false,
      objectsOnly = false,
      timeout,
      seen,
      takeOver = false,
    } = options;
    const identities = options.identityFile.flatMap((path) => {
      const bytes = fileAt('--identity-file', path, { most: 1 << 20, failure: 'usage' });
      return identitiesIn(Buffer.from(bytes).toString(), '--identity-file');
    });
    const before = seen ? seenAt('--seen', seen) : {};
    const file = await backupFile(from, identities);
    const contents = await contentsOf(file);
    const { stack } = contents.manifest;
    refuseOtherNames(stack, options);
    const access = await patientAccessTo(options, context);
    const { trillian: namespace, tuf } = stackNames(stack);
    const logs = seenLogs(before, contents);
    const different = options.keepDifferent
      ? 'keep'
      : options.overwriteDifferent
        ? 'overwrite'
        : 'refuse';
    const leasing = { holder: holderOf(env), takeOver, log, now, signal };
    const restored = await putBack({
      ...{ access, contents, namespace, different, dryRun, objectsOnly, timeout, log, signal },
      seen: logs,
      contracts: stackRecords(stack),
      also: rotationRecords(stack),
      dump: () => dumpIn(file),
      database: databaseIn(access, namespace),
      alone: (work) => withLease(access, { ...leasing, namespace: tuf }, work),
    }).catch((error: unknown) => {
      const differs = json && error instanceof Differs ? differing(error.different) : undefined;
      if (differs) print(`${JSON.stringify({ dryRun, objects: { differ: differs } }, null, 1)}\n`);
      throw error;
    });
    const told = {
      manifest: contents.manifest,
      restored,
      dryRun,
      different,
      seen: { roles: before.roles, logs },
    } as const;
    print(json ? `${JSON.stringify(report.json(told), null, 1)}\n` : report.text(told));
  });
