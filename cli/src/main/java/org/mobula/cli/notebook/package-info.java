/** The command {@code notebook}. */
@NullMarked
package org.mobula.cli.notebook;

import org.jspecify.annotations.NullMarked;
