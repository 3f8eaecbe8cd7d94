package cleanse

import "strings"

// Notes are files that are named after the object they are about, perhaps in folders of the first letters of its id. So where that object
// gets another id, its notes get another name.

// treeOf is the id that the tree of a commit becomes.
func (e *expectation) treeOf(commit, tree string) (string, error) {
	if !e.h.notes[commit] {
		return e.tree(tree)
	}
	files := map[string]entry{} // by path
	changed, err := e.flatten(tree, "", files)
	if err != nil || !changed {
		return tree, err
	}
	return e.build(files, tree)
}

// flatten lists what becomes of the files of a tree of notes, and says whether anything does.
func (e *expectation) flatten(tree, folder string, files map[string]entry) (changed bool, err error) {
	all, err := entries(e.h.trees[tree], len(tree)/2)
	if err != nil {
		return false, err
	}
	for _, old := range all {
		if old.mode == modeTree {
			inside, err := e.flatten(old.id, folder+old.name+"/", files)
			if err != nil {
				return false, err
			}
			changed = changed || inside
			continue
		}
		now := old
		now.name = e.name(tree, old.name)
		if old.mode != modeModule {
			if now.id, err = e.object(old.id); err != nil {
				return false, err
			}
		}
		path := e.notePath(folder+now.name, len(tree))
		changed = changed || now != old || path != folder+old.name
		files[path] = now
	}
	return changed, nil
}

// notePath renames the note of an object that gets another id.
func (e *expectation) notePath(path string, idLength int) string {
	about := strings.ReplaceAll(path, "/", "")
	if len(about) != idLength || e.h.kinds[about] == "" {
		return path
	}
	renamed, err := e.object(about)
	if err != nil || renamed == "" || renamed == about { // a note about a note is not followed
		return path
	}
	e.noted[about] = renamed
	var out strings.Builder
	at := 0
	for _, part := range strings.Split(path, "/") {
		if at > 0 {
			out.WriteByte('/')
		}
		out.WriteString(renamed[at : at+len(part)])
		at += len(part)
	}
	return out.String()
}

// build makes the trees that hold files, and gives the id of the outermost.
func (e *expectation) build(files map[string]entry, like string) (string, error) {
	var all []entry
	folders := map[string]map[string]entry{}
	for path, file := range files {
		folder, rest, deep := strings.Cut(path, "/")
		if !deep {
			file.name = path
			all = append(all, file)
			continue
		}
		if folders[folder] == nil {
			folders[folder] = map[string]entry{}
		}
		folders[folder][rest] = file
	}
	for name, inside := range folders {
		id, err := e.build(inside, like)
		if err != nil {
			return "", err
		}
		all = append(all, entry{modeTree, name, id})
	}
	body, err := treeBody(all)
	if err != nil {
		return "", err
	}
	id := objectID("tree", body, like)
	e.made[id] = body
	return id, nil
}
