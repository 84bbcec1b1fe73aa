/** The command {@code data}. */
@NullMarked
package org.mobula.cli.data;

import org.jspecify.annotations.NullMarked;
