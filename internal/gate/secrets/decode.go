package secrets

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
)

// Limits of unpacking: a small archive may expand to anything.
const (
	maxDepth    = 3
	maxExpanded = 128 << 20 // bytes of all members of one object together
)

// part is a text inside an object: the object itself, or a member of an archive.
type part struct {
	member string // name inside the archive, empty for the object itself
	text   []byte
}

// decode gives every text that a reader could find in body: as it is, with its lines joined, unpacked, and
// without the NUL bytes of UTF-16 and UTF-32. problem
// says why something in it could not be examined.
func decode(body []byte) (parts []part, problem string) {
	left := maxExpanded
	problem = unpack("", body, 0, &left, &parts)
	return parts, problem
}

func unpack(member string, body []byte, depth int, left *int, parts *[]part) (problem string) {
	*parts = append(*parts, part{member, plain(body)})
	if without := bytes.ReplaceAll(body, []byte{0}, nil); len(without) != len(body) {
		*parts = append(*parts, part{member, without})
	}
	if joined := folded(body); joined != nil {
		*parts = append(*parts, part{member, plain(joined)})
	}
	packed := bytes.HasPrefix(body, []byte("\x1f\x8b")) || bytes.HasPrefix(body, []byte("PK\x03\x04"))
	if !packed {
		return ""
	}
	if depth == maxDepth {
		return fmt.Sprintf("is packed more than %d times", maxDepth)
	}
	if body[0] == 'P' {
		return unzip(member, body, depth, left, parts)
	}
	reader, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return "" // no gzip after all
	}
	inner, tooMuch := expand(reader, left)
	if tooMuch {
		return fmt.Sprintf("expands to more than %d MB", maxExpanded>>20)
	}
	return unpack(join(member, "(gzip)"), inner, depth+1, left, parts)
}

func unzip(member string, body []byte, depth int, left *int, parts *[]part) (problem string) {
	archive, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return "" // no zip after all
	}
	for _, f := range archive.File {
		*parts = append(*parts, part{member, plain([]byte(f.Name + "\n" + f.Comment))})
		if f.FileInfo().IsDir() {
			continue
		}
		if f.Flags&1 != 0 {
			problem = "holds the encrypted member " + f.Name
			continue
		}
		reader, err := f.Open()
		if err != nil {
			problem = fmt.Sprintf("holds the member %s, packed in a way that cannot be read here", f.Name)
			continue
		}
		inner, tooMuch := expand(reader, left)
		_ = reader.Close()
		if tooMuch {
			return fmt.Sprintf("expands to more than %d MB", maxExpanded>>20)
		}
		if inside := unpack(join(member, f.Name), inner, depth+1, left, parts); inside != "" {
			problem = inside
		}
	}
	return problem
}

// expand reads at most what is left of the budget. What a damaged archive gives before its damage is kept.
func expand(r io.Reader, left *int) (body []byte, tooMuch bool) {
	body, _ = io.ReadAll(io.LimitReader(r, int64(*left)+1))
	*left -= len(body)
	return body, *left < 0
}

// plain is body without NUL bytes, which would make grep pass the whole file over.
func plain(body []byte) []byte { return bytes.ReplaceAll(body, []byte{0}, []byte{' '}) }

func join(outer, inner string) string {
	if outer == "" {
		return inner
	}
	return outer + "/" + inner
}
