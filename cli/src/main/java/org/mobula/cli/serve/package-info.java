/** The command {@code serve}. */
@NullMarked
package org.mobula.cli.serve;

import org.jspecify.annotations.NullMarked;
