// The authorization server of npm `oidc-provider`, with a remote-controlled user.
// Prints its port once it listens. `POST /control/…` plays the user:
//   approve, decline   {"user_code": …}   answers the page for codes
//   mood               {"mood": "approve" | "decline"}   answer of the browser's sign-in page
//   life               {"secs": n}        lifetime of the next device codes
//   revoke             {}                 an administrator revokes every sign-in
import http from 'node:http';
import Provider, { interactionPolicy } from 'oidc-provider';

let life = 600;
let mood = 'approve';
const scopes = 'openid profile offline_access';
const grants = new Set();
const accountId = 'ada';

// Entra knows this prompt; here it needs no interaction.
const policy = interactionPolicy.base();
policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }));

const server = http.createServer();
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'cordon',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code'],
    redirect_uris: ['http://localhost'],
  }],
  scopes: ['openid', 'profile', 'offline_access'],
  claims: { openid: ['sub', 'oid', 'tid'], profile: ['preferred_username', 'name'] },
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      oid: 'c0a7f5e2-6b1d-4d8e-9a34-2f61b7c0d915',
      tid: '5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10',
      preferred_username: 'ada@contoso.example',
      name: 'Ada Example',
    }),
  }),
  features: {
    deviceFlow: { enabled: true },
    devInteractions: { enabled: false },
    revocation: { enabled: true },
  },
  issueRefreshToken: () => true,
  // Every refresh token works once; using one twice revokes the whole grant.
  rotateRefreshToken: () => true,
  interactions: { policy, url: (_, interaction) => `/interaction/${interaction.uid}` },
  ttl: {
    AccessToken: 3600, AuthorizationCode: 60, DeviceCode: () => life, Grant: 86400,
    IdToken: 3600, Interaction: 600, RefreshToken: 86400, Session: 86400,
  },
  cookies: { keys: ['a test'] },
});

async function grant(clientId) {
  const made = new provider.Grant({ accountId, clientId });
  made.addOIDCScope(scopes);
  const id = await made.save();
  grants.add(id);
  return id;
}

async function decide(userCode, approves) {
  const code = await provider.DeviceCode.findByUserCode(userCode.replace(/[^A-Z0-9]/g, ''), { ignoreExpiration: true });
  if (!code) return false;
  if (approves) {
    code.accountId = accountId;
    code.authTime = Math.floor(Date.now() / 1000);
    code.scope = scopes;
    code.grantId = await grant(code.clientId);
  } else {
    code.error = 'access_denied';
    code.errorDescription = 'the person said no';
  }
  await code.save();
  return true;
}

async function interact(req, res) {
  const { params } = await provider.interactionDetails(req, res);
  const result = mood === 'decline'
    ? { error: 'access_denied', error_description: 'the person said no' }
    : { login: { accountId }, select_account: {}, consent: { grantId: await grant(params.client_id) } };
  await provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false });
}

async function control(what, wish) {
  switch (what) {
    case 'approve': return decide(wish.user_code, true);
    case 'decline': return decide(wish.user_code, false);
    case 'mood': mood = wish.mood; return true;
    case 'life': life = wish.secs; return true;
    case 'revoke':
      for (const id of grants) {
        await provider.RefreshToken.revokeByGrantId(id);
        await provider.AccessToken.revokeByGrantId(id);
      }
      return true;
    default: return false;
  }
}

async function body(req) {
  let text = '';
  for await (const part of req) text += part;
  return JSON.parse(text || '{}');
}

const callback = provider.callback();
server.on('request', async (req, res) => {
  try {
    if (req.url.startsWith('/control/')) {
      const done = await control(req.url.slice('/control/'.length), await body(req));
      res.writeHead(done ? 200 : 404).end();
    } else if (req.url.startsWith('/interaction/')) {
      await interact(req, res);
    } else {
      callback(req, res);
    }
  } catch (error) {
    console.error(error);
    if (!res.headersSent) res.writeHead(500);
    res.end();
  }
});
console.log(`listening on ${issuer}`);
