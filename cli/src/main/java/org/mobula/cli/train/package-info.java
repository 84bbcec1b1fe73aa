/** The command {@code train}. */
@NullMarked
package org.mobula.cli.train;

import org.jspecify.annotations.NullMarked;
