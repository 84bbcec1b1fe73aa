/** The command {@code runs}. */
@NullMarked
package org.mobula.cli.runs;

import org.jspecify.annotations.NullMarked;
