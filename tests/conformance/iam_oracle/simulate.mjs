// One simulation a line in, as @cloud-copilot/iam-simulate takes it; one answer a line out:
// {"result":"Allowed"|"ExplicitlyDenied"|"ImplicitlyDenied","ignored":[context keys that the action
// does not have]} or {"error"}.
import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

async function answer(simulation) {
  const said = await runSimulation(simulation, {})
  if (said.resultType === 'error') return { error: JSON.stringify(said.errors) }
  const results = said.resultType === 'single' ? [said.result] : said.results
  return {
    result: said.overallResult,
    ignored: results.flatMap((r) => r.ignoredContextKeys ?? []),
  }
}

for await (const line of createInterface({ input: process.stdin }))
  console.log(JSON.stringify(await answer(JSON.parse(line))))
