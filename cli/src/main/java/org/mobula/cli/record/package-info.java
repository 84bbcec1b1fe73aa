/** The command {@code record}. */
@NullMarked
package org.mobula.cli.record;

import org.jspecify.annotations.NullMarked;
