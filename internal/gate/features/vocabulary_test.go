package features

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryExampleIsReadByItsOwnSentenceAlone(t *testing.T) {
	p := &plan{steps: compile()}
	count := 0
	for _, section := range Vocabulary() {
		for _, s := range section.Steps {
			count++
			_, text, found := strings.Cut(s.Example, " ") // without its keyword
			require.True(t, found, s.Example)
			matching := p.matching(text)
			require.Len(t, matching, 1, s.Example)
			assert.Equal(t, s.Text, matching[0].step.Text)
			assert.NotEmpty(t, s.Help)
		}
	}
	assert.GreaterOrEqual(t, count, 40)
}

func TestNearestSentencesIgnoreWhatIsQuoted(t *testing.T) {
	p := &plan{steps: compile()}
	assert.Equal(t, `every <Type>[, if any,] is encrypted with a customer key`, p.nearest(`every AWS::S3::Bucket is encripted with a customer key`)[0])
	assert.Equal(t, `the output "<name>" exists`, p.nearest(`output "X" exist`)[0])
}
