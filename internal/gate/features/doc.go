// Package features runs the Gherkin scenarios of a catalog: the gate called UnitTests in the pipeline.
//
// Features are data. They speak a fixed vocabulary (vocabulary.go), whose sentences look at templates that package resolve has
// evaluated; nothing of a push is executed. godog runs them in Strict mode; this package also refuses what Strict lets through:
// a file that does not parse, a sentence outside the vocabulary, a scenario that demands nothing, a product without scenarios.
// Start at Run. Sentences are implemented in steps_*.go.
package features
