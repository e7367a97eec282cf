import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { tufRoot } from '@sigstand/contracts/records';
import { type Place, place } from '@sigstand/job/command';
import { duration, issuerUrl, namespaceName, serviceUrl } from '@sigstand/job/values';
import { text } from '../values.ts';
import { verbCommand } from '../verb.ts';

const summary = 'write what clients need to trust the stack';

const description = `Write what clients need to trust the stack into a folder: the first root of its TUF repository with
its checksum, the documents in it, and for each client a file that says how to use them.`;

const afterwards = `
Exit status: 0 done; 64 the command line is wrong; 65 what is published is no good to a client, or the folder
cannot be written; 69 there is nothing to export; 75 the cluster does not answer, or the disk is full; 77 forbidden;
78 the published files contradict each other, or the folder holds the root of another stack.`;

/** The flags. */
export const command = () =>
  verbCommand('export', summary, description)
    .option('--to <folder>', 'where the files go', text, 'trust')
    .option(
      '--namespace <name>',
      "the stack's namespace with the TUF repository",
      namespaceName,
      tufRoot.namespace,
    )
    .option(
      '--mirror <url>',
      'where clients reach the TUF repository, if not where createtuf was told, or at its Service',
      serviceUrl,
    )
    .option('--ca <file>', "who signed the services' certificates, if clients do not know", text)
    .option('--issuer <url>', "whose tokens sign, if not the repository's first", issuerUrl)
    .option('--images <prefix>', 'make policies for the images whose names begin so', imagePrefix)
    .option(
      '--signer <identity>',
      'who must have signed them: the subject of the certificate',
      text,
    )
    .option('--replace-root', 'let the folder have another first root than it had')
    .addOption(
      new Option('--store <place>', 'where the stack is: kubernetes, or dir:PATH for plain files')
        .default({ kind: 'kubernetes' } as Place, 'kubernetes')
        .argParser(place),
    )
    .addOption(
      new Option('--timeout <duration>', 'how long to wait for createtuf')
        .default(10_000, '10s')
        .argParser(duration),
    )
    .addHelpText('after', afterwards);

export type Options = ReturnType<ReturnType<typeof command>['opts']>;

function imagePrefix(text: string): string {
  // As the distribution specification has names, in a registry that may have a port; no tag, no digest, no pattern.
  if (!/^[a-z0-9.-]+(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/.test(text)) {
    throw new InvalidArgumentError(
      'Write a registry, or a repository in it, such as ghcr.io/team.',
    );
  }
  return text;
}
