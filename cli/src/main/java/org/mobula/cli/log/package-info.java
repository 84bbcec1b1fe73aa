/** The log on standard error, by which the libraries write too. */
@NullMarked
package org.mobula.cli.log;

import org.jspecify.annotations.NullMarked;
