/** The command {@code tune} and those below it. */
@NullMarked
package org.mobula.cli.tune;

import org.jspecify.annotations.NullMarked;
