// Package features holds the platform team's baseline scenarios, in the vocabulary that fleet steps prints.
//
// They are part of the fleet program and run beside the catalog's own features: those that speak of "this product" for every product,
// the others once for the catalog. What a rule of guard-rules/ can say of one resource belongs there; scenarios say what needs the
// resolved template: which policy protects which bucket, which log watches which network, what a role can do altogether.
package features

import "embed"

// Files are *.feature.
//
//go:embed *.feature
var Files embed.FS
