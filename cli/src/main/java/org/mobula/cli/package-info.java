/** The command line: one class a command. */
@NullMarked
package org.mobula.cli;

import org.jspecify.annotations.NullMarked;
