/** The command {@code export}. */
@NullMarked
package org.mobula.cli.export;

import org.jspecify.annotations.NullMarked;
