/** The command {@code parameter-server} and its status. */
@NullMarked
package org.mobula.cli.parameters;

import org.jspecify.annotations.NullMarked;
