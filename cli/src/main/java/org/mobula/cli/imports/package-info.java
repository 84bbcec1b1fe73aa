/** The command {@code import}. */
@NullMarked
package org.mobula.cli.imports;

import org.jspecify.annotations.NullMarked;
