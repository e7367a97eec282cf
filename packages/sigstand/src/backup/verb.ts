import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Option } from '@commander-js/extra-typings';
import { JobError } from '@sigstand/job/errors';
import { fileAt, placeAt } from '@sigstand/job/file';
import { several } from '@sigstand/job/values';
import type { Access } from '@sigstand/store/api';
import { databaseIn, databasePod, podState } from '../database.ts';
import { prefixOption, singleOption, stackNames, stackRecords } from '../names.ts';
import { rotationRecords } from '../rotate/record.ts';
import { text } from '../values.ts';
import { defineVerb, patientAccessTo, type VerbContext, verbCommand } from '../verb.ts';
import { version } from '../version.ts';
import { encrypted, recipient, recipientsIn } from './age.ts';
import { backUp } from './back-up.ts';
import { newFile } from './new-file.ts';
import { summary } from './report.ts';

const summaryOf = 'save all of a stack to one encrypted file';

const description = `Save all of a stack to one file: its Secrets and ConfigMaps, with their annotations, and the database
as it is at one moment, while clients go on signing. The file is encrypted to recipients of age, and holds every
private key.`;

const afterwards = `
Exit status: 0 the file is whole and in its place; 64 a flag is wrong; 65 the stack is not whole, or the file cannot be written; 69 the
database's Pod is not ready; 75 something failed that may pass; 77 forbidden; 78 what is stored contradicts itself.
With any but 0 there is no new file.`;

const command = () =>
  verbCommand('backup', summaryOf, description)
    .requiredOption('--to <file>', 'the file to write', text)
    .addOption(
      new Option(
        '--recipient <recipient>',
        'to whom it is encrypted (age1...), as often as there are',
      )
        .default([] as readonly string[], 'none')
        .argParser(several((value: string) => recipient(value, '--recipient'))),
    )
    .addOption(
      new Option(
        '--recipients-file <file>',
        'a file with recipients, one a line, as often as there are',
      )
        .default([] as readonly string[], 'none')
        .argParser(several(text)),
    )
    .option('--unencrypted', 'write every private key for all to read who get the file')
    .option('--replace', 'replace the file that is there')
    .option('--external-database', "the database is not the stack's own; save it by other means")
    .addOption(prefixOption())
    .addOption(singleOption())
    .addHelpText('after', afterwards);

type Options = ReturnType<ReturnType<typeof command>['opts']>;

/** `sigstand backup`. */
export const backup = () =>
  defineVerb(command(), async (context, options) => {
    const { to, json } = options;
    const recipients = recipientsOf(options);
    const { manifest } = await written(context, options, recipients);
    const made = { manifest, file: to, size: statSync(to).size, recipients: recipients.length };
    context.print(json ? `${JSON.stringify(summary.json(made), null, 1)}\n` : summary.text(made));
  });

async function written(context: VerbContext, options: Options, recipients: readonly string[]) {
  const { now, signal, log } = context;
  const { to, replace = false } = options;
  const place = placeAt('--to', to);
  const access = await patientAccessTo(options, context);
  const external = await isExternal(access, options);
  const { trillian } = stackNames(options);
  const file = await newFile(place, { replace });
  // Who is told to stop ends soon, whatever still hangs.
  signal.addEventListener('abort', file.forget);
  try {
    const manifest = await backUp({
      ...{ access, file, log, now, signal, naming: options, by: version },
      pause: (milliseconds) => sleep(milliseconds, undefined, { signal }),
      contracts: stackRecords(options),
      // A key that clients are told of already.
      also: rotationRecords(options),
      database: external ? undefined : databaseIn(access, trillian),
      seal: (bytes) => (recipients.length > 0 ? encrypted(bytes, recipients) : bytes),
    });
    await file.finish();
    return { manifest };
  } catch (error) {
    await file.abandon();
    throw error;
  } finally {
    signal.removeEventListener('abort', file.forget);
  }
}

/** Whether the database is somebody else's; where that cannot be told, nothing is saved that may lack one. */
async function isExternal(access: Access, options: Options) {
  const { trillian } = stackNames(options);
  const { externalDatabase = false } = options;
  const place = `Pod ${trillian}/${databasePod.pod}`;
  const state = await podState(access, trillian);
  if (externalDatabase && state !== 'absent') {
    throw new JobError('usage', `--external-database is given, and ${place} is there`, {
      hint: 'leave the flag out, and its database is saved',
    });
  }
  if (externalDatabase || state === 'ready') return externalDatabase;
  const hint =
    state === 'absent'
      ? 'see whether it is this cluster and prefix; if the database is another one, give --external-database'
      : `wait until it is: kubectl describe pod -n ${trillian} ${databasePod.pod}`;
  throw new JobError('unavailable', `${place} is not ${state === 'absent' ? 'there' : 'ready'}`, {
    hint,
  });
}

function recipientsOf(options: Options): string[] {
  const { recipient: given, recipientsFile: files, unencrypted = false } = options;
  const listed = files.flatMap((path) => {
    const bytes = fileAt('--recipients-file', path, { most: 1 << 20, failure: 'usage' });
    return recipientsIn(Buffer.from(bytes).toString(), '--recipients-file');
  });
  const all = [...new Set([...given, ...listed])];
  if (unencrypted && all.length > 0) {
    throw new JobError('usage', '--unencrypted has no use beside recipients');
  }
  if (!unencrypted && all.length === 0) {
    throw new JobError('usage', 'nobody is named to whom the backup is encrypted', {
      hint: 'give --recipient with a line of age-keygen -y; --unencrypted writes every private key in the clear',
    });
  }
  return all;
}
