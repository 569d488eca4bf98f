/* When and where from: a strip of the calls over time, and a map of the countries that addresses are
 * in. The outline of the continents is drawn by hand, in whole degrees: enough to see which is which. */

const BINS = 120;

/* Longitude and latitude of each corner. */
const LAND = [
  '-168 66 -156 71 -141 70 -128 70 -115 68 -108 68 -96 68 -94 72 -85 69 -82 67 -94 59 -88 57 -82 55 -80 51 -78 56 -77 62 -70 61 -65 59 -60 54 -56 51 -65 49 -60 46 -66 44 -70 43 -74 40 -76 35 -81 31 -80 25 -83 29 -90 30 -97 28 -97 22 -94 18 -90 21 -87 21 -88 16 -83 15 -83 10 -78 9 -80 8 -85 11 -92 15 -97 16 -105 20 -106 24 -112 30 -114 31 -110 23 -115 29 -118 34 -124 40 -124 48 -130 54 -137 58 -148 60 -153 58 -162 55 -158 58 -166 61 -161 64',
  '-45 60 -53 66 -54 70 -68 76 -58 76 -70 79 -55 82 -30 83 -18 80 -20 75 -22 70 -32 68 -40 65',
  '-78 8 -72 12 -62 10 -52 5 -50 0 -44 -2 -35 -6 -39 -13 -40 -21 -48 -26 -54 -34 -57 -36 -57 -38 -62 -39 -65 -43 -67 -46 -66 -49 -69 -52 -65 -55 -72 -54 -75 -50 -73 -42 -73 -37 -71 -30 -70 -19 -76 -14 -81 -6 -80 0',
  '-10 36 -6 43 -9 43 -1 43 -1 46 -5 48 2 51 8 54 8 57 10 55 14 54 20 55 21 57 24 59 30 60 22 60 25 65 22 66 17 62 19 60 16 56 13 56 11 59 5 59 5 62 14 67 20 70 31 70 41 67 38 64 44 66 54 69 68 68 73 72 80 73 104 78 113 74 130 71 140 73 160 70 180 69 178 65 180 62 163 60 163 57 157 51 156 57 164 62 155 59 142 59 135 55 141 52 139 46 131 43 127 39 129 36 126 35 125 40 121 39 118 39 122 37 119 35 122 31 120 26 114 22 108 21 106 19 109 13 105 9 101 13 99 10 104 1 100 6 98 16 94 16 91 22 87 21 80 15 80 10 77 8 73 17 72 21 67 25 57 26 54 27 50 30 48 30 51 26 56 26 60 22 55 17 45 13 43 13 39 21 35 28 34 31 36 36 30 36 27 37 27 40 31 41 41 41 36 45 39 47 34 46 31 46 28 43 28 41 23 40 24 38 22 37 19 41 14 45 12 44 18 40 16 38 15 40 10 44 3 43 0 40 -1 37 -5 36',
  '-6 36 -10 31 -17 21 -17 15 -13 9 -8 4 -2 5 4 6 9 4 9 -1 13 -6 14 -11 12 -17 15 -27 18 -34 25 -34 31 -30 35 -24 35 -20 41 -15 39 -6 42 -1 48 5 51 11 44 11 39 15 37 21 33 28 32 31 25 32 20 31 20 33 15 32 10 34 11 37 0 36',
  '114 -22 122 -18 129 -15 131 -12 136 -12 136 -15 140 -17 142 -11 146 -19 153 -26 153 -31 150 -37 144 -38 138 -35 132 -32 124 -33 118 -35 115 -34',
  '44 -12 50 -16 47 -25 44 -23', '-5 50 1 51 0 53 -2 56 -3 58 -5 58 -3 54', '-10 52 -6 52 -6 55 -9 54', '-22 64 -14 65 -18 66 -23 66',
  '130 31 134 34 141 36 142 39 145 44 142 45 140 41 136 36', '173 -35 178 -38 171 -45 167 -46 173 -41', '95 5 104 -2 106 -6 101 -2',
  '105 -7 114 -8 108 -6', '109 2 117 7 119 1 114 -4 110 -2', '120 18 122 18 124 12 126 7 122 7', '131 -1 141 -3 148 -9 143 -9 138 -8',
  '80 9 82 7 80 6', '-85 22 -77 20 -80 23', '-74 19 -68 19 -72 20', '55 72 60 76 68 77 58 73', '120 25 122 25 121 22'];

/* Latitude and longitude of the middle of each country, in whole degrees. */
const COUNTRIES = 'AD43,2 AE24,54 AF34,66 AG17,-62 AI18,-63 AL41,20 AM40,45 AO-12,18 AR-35,-65 AS-14,-170 AT47,14 AU-25,134 AW13,-70 AX60,20 AZ40,48 BA44,18 BB13,-60 BD24,90 BE51,5 BF12,-2 BG43,25 BH26,51 BI-3,30 BJ10,2 BM32,-65 BN5,115 BO-17,-65 BR-10,-53 BS24,-76 BT27,90 BW-22,24 BY53,28 BZ17,-89 CA58,-102 CD-3,24 CF7,21 CG-1,15 CH47,8 CI8,-6 CK-21,-160 CL-32,-71 CM6,12 CN35,104 CO4,-73 CR10,-84 CU22,-79 CV15,-24 CW12,-69 CY35,33 CZ50,15 DE51,10 DJ12,43 DK56,10 DM15,-61 DO19,-70 DZ28,3 EC-1,-78 EE59,26 EG27,30 ER15,39 ES40,-4 ET9,40 FI64,26 FJ-18,178 FM7,158 FO62,-7 FR47,2 GA-1,12 GB54,-2 GD12,-62 GE42,43 GF4,-53 GG49,-3 GH8,-1 GI36,-5 GL72,-42 GM13,-15 GN10,-10 GP16,-62 GQ2,10 GR39,22 GT16,-90 GU13,145 GW12,-15 GY5,-59 HK22,114 HN15,-86 HR45,15 HT19,-72 HU47,19 ID-2,118 IE53,-8 IL31,35 IM54,-5 IN22,79 IQ33,44 IR32,53 IS65,-19 IT43,12 JE49,-2 JM18,-77 JO31,36 JP36,138 KE0,38 KG41,75 KH13,105 KI1,173 KM-12,44 KN17,-63 KP40,127 KR36,128 KW29,48 KY19,-81 KZ48,67 LA18,103 LB34,36 LC14,-61 LI47,10 LK7,81 LR6,-9 LS-30,28 LT55,24 LU50,6 LV57,25 LY27,17 MA32,-6 MC44,7 MD47,29 ME43,19 MG-19,47 MH7,171 MK42,22 ML17,-4 MM21,96 MN47,104 MO22,114 MQ15,-61 MR20,-10 MS17,-62 MT36,14 MU-20,58 MV3,73 MW-13,34 MX23,-102 MY4,109 MZ-18,35 NA-22,17 NC-21,165 NE17,9 NG9,8 NI13,-85 NL52,5 NO62,10 NP28,84 NR-1,167 NZ-42,172 OM21,57 PA9,-80 PE-9,-75 PF-15,-145 PG-6,145 PH12,122 PK30,70 PL52,19 PM47,-56 PR18,-66 PS32,35 PT39,-8 PW7,134 PY-23,-58 QA25,51 RE-21,56 RO46,25 RS44,21 RU60,95 RW-2,30 SA24,45 SB-9,160 SC-5,55 SD15,30 SE62,15 SG1,104 SI46,15 SK49,20 SL8,-12 SM44,12 SN14,-14 SO5,46 SR4,-56 SS7,30 ST0,7 SV14,-89 SX18,-63 SY35,38 SZ-26,31 TC22,-72 TD15,19 TG8,1 TH15,101 TJ39,71 TL-9,126 TM39,59 TN34,9 TO-21,-175 TR39,35 TT10,-61 TV-7,178 TW24,121 TZ-6,35 UA49,31 UG1,32 US39,-98 UY-33,-56 UZ41,64 VA42,12 VC13,-61 VE7,-66 VG18,-64 VI18,-65 VN16,106 VU-16,167 WS-14,-172 XK43,21 YE16,48 YT-13,45 ZA-29,25 ZM-13,28 ZW-19,30';

function strip(story) {
  const timed = story.steps.filter(s => s.t), from = ms(timed[0]?.t), to = ms(timed[timed.length - 1]?.t);
  if (!timed.length) return el('p', {}, 'No step tells its time.');
  const bins = Array.from({length: BINS}, () => [0, 0]);
  for (const s of timed) bins[Math.min(BINS - 1, Math.floor((ms(s.t) - from) / Math.max(1, to - from) * BINS))][s.signals.length ? 1 : 0]++;
  const most = Math.max(...bins.map(b => b[0] + b[1])), tall = n => n ? Math.max(2, Math.round(56 * n / most)) : 0;
  const bars = bins.flatMap((b, k) => {
    const high = tall(b[0] + b[1]), alerts = b[1] ? Math.max(2, Math.round(high * b[1] / (b[0] + b[1]))) : 0;
    return high ? [svg('rect', {class: 'calls', x: k * 8, y: 60 - high, width: 7, height: high}),
      alerts ? svg('rect', {class: 'alerts', x: k * 8, y: 60 - alerts, width: 7, height: alerts}) : null] : [];
  });
  const label = `${count(timed.length, 'call', 'calls')} from ${timed[0].t} to ${timed[timed.length - 1].t}; at most ${most} in one bar`;
  return wide('Calls over time', svg('svg', {width: BINS * 8, height: 82, viewBox: `0 0 ${BINS * 8} 82`, role: 'img', 'aria-label': label},
    bars, svg('text', {x: 0, y: 77}, timed[0].t), svg('text', {x: BINS * 8, y: 77, 'text-anchor': 'end'}, timed[timed.length - 1].t)));
}

/* Addresses with what is known of them: {ip, kind, country, org, asn, calls, alerts} */
function sources(story) {
  const all = new Map();
  for (const s of story.steps) {
    if (!s.ip) continue;
    if (!all.has(s.ip)) all.set(s.ip, {ip: s.ip, kind: sourceKind(s), country: s.country || '', org: s.org || '', asn: s.asn || '', calls: 0, alerts: 0});
    const to = all.get(s.ip);
    to.calls++;
    to.alerts += s.signals.length > 0;
  }
  return [...all.values()].sort((a, b) => b.alerts - a.alerts || b.calls - a.calls);
}

/* Amazon's own addresses and private ones are where a machine is, not a person. */
function sourceKind(step) {
  if (/^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|127\.|169\.254\.|f[cd][0-9a-f]{2}:|fe80:)/i.test(step.ip)) return 'private';
  if (!/^[0-9a-f.:]+$/i.test(step.ip) || !/[.:]/.test(step.ip)) return 'service of AWS';
  return /amazon|^aws\b/i.test(step.org || '') ? 'Amazon\u2019s network' : 'public';
}

function project(lon, lat) {
  return [Math.round((lon + 180) * 2), Math.round((84 - lat) * 2)];
}

function landPath() {
  return LAND.map(ring => {
    const n = ring.split(' ').map(Number), points = [];
    for (let k = 0; k < n.length; k += 2) points.push(project(n[k], n[k + 1]).join(' '));
    return 'M' + points.join('L') + 'z';
  }).join('');
}

function worldMap(list) {
  const middle = new Map(COUNTRIES.split(' ').map(c => [c.slice(0, 2), c.slice(2).split(',').map(Number)]));
  const places = new Map();
  for (const s of list.filter(s => s.kind === 'public' && middle.has(s.country))) {
    const to = places.get(s.country) || {country: s.country, calls: 0, ips: 0, alerts: 0};
    places.set(s.country, {...to, calls: to.calls + s.calls, ips: to.ips + 1, alerts: to.alerts + s.alerts});
  }
  if (!places.size) return el('p', {}, list.some(s => s.country) ? 'No address is placed in a country.' : 'Nothing is known of where addresses are: scan with --geoip to see it (scripts/geo gets a file).');
  const dots = [...places.values()].map(p => {
    const [lat, lon] = middle.get(p.country), [x, y] = project(lon, lat);
    const title = `${p.country}: ${count(p.calls, 'call', 'calls')} from ${count(p.ips, 'address', 'addresses')}`;
    return svg('g', {class: p.alerts ? 'spot alert' : 'spot', role: 'img', 'aria-label': title}, svg('title', {}, title),
      svg('circle', {cx: x, cy: y, r: Math.min(22, 5 + 3 * Math.log10(p.calls + 1))}), svg('text', {x, y: y + 4, 'text-anchor': 'middle'}, p.country));
  });
  return wide('World map', svg('svg', {width: 720, height: 300, viewBox: '0 0 720 300', role: 'group', 'aria-label': 'World map of the countries that public addresses are in'},
    svg('path', {class: 'land', d: landPath()}), dots));
}

function timeAndPlace(story) {
  const list = sources(story), shown = list.slice(0, 100);
  return section('When and where from', strip(story), worldMap(list),
    wide('Sources', table('Where the calls came from', ['Address', 'Kind', 'Country', 'Network', 'Calls', 'Named by alerts'],
      shown.map(s => [s.ip, s.kind, s.country, s.asn ? `AS${s.asn} ${s.org}` : s.org, s.calls, s.alerts]))),
    el('p', {}, some(list, 100, 'address', 'addresses')));
}
