/** Options that several commands have. */
@NullMarked
package org.mobula.cli.options;

import org.jspecify.annotations.NullMarked;
