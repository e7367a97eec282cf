const message = (fields: Record<string, [id: number, type: string, rule?: 'repeated']>) => ({
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, [id, type, rule]]) => [
      name,
      { id, type, ...(rule && { rule }) },
    ]),
  ),
});

const service = (methods: Record<string, [requestType: string, responseType: string]>) => ({
  methods: Object.fromEntries(
    Object.entries(methods).map(([name, [requestType, responseType]]) => [
      name,
      { requestType, responseType },
    ]),
  ),
});

/**
 * What this Job needs of Trillian 1.7's trillian.proto, trillian_admin_api.proto and
 * trillian_log_api.proto, with their numbers. A field that is not here is passed over.
 */
export const descriptor: object = {
  nested: {
    google: {
      nested: {
        protobuf: {
          nested: {
            Duration: message({ seconds: [1, 'int64'], nanos: [2, 'int32'] }),
            FieldMask: message({ paths: [1, 'string', 'repeated'] }),
          },
        },
      },
    },
    trillian: {
      nested: {
        TreeState: {
          values: {
            UNKNOWN_TREE_STATE: 0,
            ACTIVE: 1,
            FROZEN: 2,
            DEPRECATED_SOFT_DELETED: 3,
            DEPRECATED_HARD_DELETED: 4,
            DRAINING: 5,
          },
        },
        TreeType: { values: { UNKNOWN_TREE_TYPE: 0, LOG: 1, PREORDERED_LOG: 3 } },
        Tree: message({
          treeId: [1, 'int64'],
          treeState: [2, 'TreeState'],
          treeType: [3, 'TreeType'],
          displayName: [8, 'string'],
          description: [9, 'string'],
          maxRootDuration: [15, 'google.protobuf.Duration'],
          deleted: [19, 'bool'],
        }),
        SignedLogRoot: message({ logRoot: [8, 'bytes'] }),

        ListTreesRequest: message({ showDeleted: [1, 'bool'] }),
        ListTreesResponse: message({ tree: [1, 'Tree', 'repeated'] }),
        GetTreeRequest: message({ treeId: [1, 'int64'] }),
        CreateTreeRequest: message({ tree: [1, 'Tree'] }),
        UpdateTreeRequest: message({
          tree: [1, 'Tree'],
          updateMask: [2, 'google.protobuf.FieldMask'],
        }),
        DeleteTreeRequest: message({ treeId: [1, 'int64'] }),
        TrillianAdmin: service({
          ListTrees: ['ListTreesRequest', 'ListTreesResponse'],
          GetTree: ['GetTreeRequest', 'Tree'],
          CreateTree: ['CreateTreeRequest', 'Tree'],
          UpdateTree: ['UpdateTreeRequest', 'Tree'],
          DeleteTree: ['DeleteTreeRequest', 'Tree'],
        }),

        InitLogRequest: message({ logId: [1, 'int64'] }),
        InitLogResponse: message({ created: [1, 'SignedLogRoot'] }),
        GetLatestSignedLogRootRequest: message({ logId: [1, 'int64'] }),
        GetLatestSignedLogRootResponse: message({ signedLogRoot: [2, 'SignedLogRoot'] }),
        TrillianLog: service({
          InitLog: ['InitLogRequest', 'InitLogResponse'],
          GetLatestSignedLogRoot: [
            'GetLatestSignedLogRootRequest',
            'GetLatestSignedLogRootResponse',
          ],
        }),
      },
    },
  },
};
