package constructs

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// ID turns an id such as "log-archive" into the form of a logical id, "LogArchive". Two ids may give one; stacks/limits.go looks.
func ID(id string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(id, "-") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

// fingerprint is the end of the logical id of something that has a value but no id, so that a list may be reordered freely.
func fingerprint(value string) string {
	sum := sha256.Sum256([]byte(value))
	return strings.ToUpper(hex.EncodeToString(sum[:4]))
}
