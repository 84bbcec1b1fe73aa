/** The command line: one class a command, in rooms by command, put together by {@link Main}. */
@NullMarked
package org.mobula.cli;

import org.jspecify.annotations.NullMarked;
