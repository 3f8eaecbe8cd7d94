// A plugin for the cdk CLI: on the emulator the access key of an account's root user is the account's id.
module.exports = {
  version: '1',
  init(host) {
    host.registerCredentialProviderSource({
      name: 'rehearsal',
      isAvailable: async () => true,
      canProvideCredentials: async () => true,
      getProvider: async (account) => ({ accessKeyId: account, secretAccessKey: 'rehearsal' }),
    });
  },
};
