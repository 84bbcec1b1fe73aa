/** The directories that commands leave behind, of runs and of studies. */
@NullMarked
package org.mobula.cli.directories;

import org.jspecify.annotations.NullMarked;
