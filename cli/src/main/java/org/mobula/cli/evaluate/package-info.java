/** The command {@code evaluate}. */
@NullMarked
package org.mobula.cli.evaluate;

import org.jspecify.annotations.NullMarked;
