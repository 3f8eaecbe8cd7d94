// Package requirements carries the Python locks inside the fleet command, so that it installs the same packages on a
// laptop and in CodeBuild, where there is no repository.
//
// NAME.in says what is wanted and why; NAME.txt is made from it by `make lock` and pins every package by hash.
package requirements

import "embed"

// Locks holds every lock file of this folder.
//
//go:embed *.txt
var Locks embed.FS
