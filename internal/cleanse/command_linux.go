package cleanse

import "syscall"

// endWithParent has a program end when this process is killed: a push that goes on alone could land after an undo.
func endWithParent(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGKILL }
