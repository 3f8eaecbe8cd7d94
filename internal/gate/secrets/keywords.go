package secrets

import "strings"

// keywords finds, in one pass over a text, which rules could match it: an automaton after Aho and Corasick that takes capital letters for
// small ones.
type keywords struct {
	next  [][256]uint16
	rules [][]int // of the words that end in a state
}

// newKeywords makes the automaton of words in small letters, each with its rules.
func newKeywords(words map[string][]int) *keywords {
	k := &keywords{next: make([][256]uint16, 1), rules: make([][]int, 1)}
	for word, rules := range words {
		state := uint16(0)
		for _, b := range []byte(word) {
			if k.next[state][b] == 0 {
				k.next = append(k.next, [256]uint16{})
				k.rules = append(k.rules, nil)
				k.next[state][b] = uint16(len(k.next) - 1)
			}
			state = k.next[state][b]
		}
		k.rules[state] = append(k.rules[state], rules...)
	}
	k.close()
	return k
}

// close adds, by breadth, where each state goes on after a byte that its word does not continue with.
func (k *keywords) close() {
	fallback := make([]uint16, len(k.next))
	var queue []uint16
	for _, child := range k.next[0] {
		if child != 0 {
			queue = append(queue, child)
		}
	}
	for len(queue) > 0 {
		state := queue[0]
		queue = queue[1:]
		k.rules[state] = append(k.rules[state], k.rules[fallback[state]]...)
		for b := range 256 {
			other := k.next[fallback[state]][b]
			if child := k.next[state][b]; child != 0 {
				fallback[child] = other
				queue = append(queue, child)
			} else {
				k.next[state][b] = other
			}
		}
	}
	for state := range k.next {
		copy(k.next[state]['A':'Z'+1], k.next[state]['a':'z'+1])
	}
}

// in calls found with each rule that one of its words in text brings, perhaps several times.
func (k *keywords) in(text string, found func(rule int)) {
	for i := range len(text) {
		if text[i] >= 0x80 { // a letter that is small in another way, such as the Kelvin sign
			text = strings.ToLower(text)
			break
		}
	}
	state := uint16(0)
	for i := range len(text) {
		state = k.next[state][text[i]]
		for _, rule := range k.rules[state] {
			found(rule)
		}
	}
}
