/** The command {@code environments}. */
@NullMarked
package org.mobula.cli.environments;

import org.jspecify.annotations.NullMarked;
