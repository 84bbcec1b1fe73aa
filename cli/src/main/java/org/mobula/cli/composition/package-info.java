/** A training file's parts, put together from all modules. */
@NullMarked
package org.mobula.cli.composition;

import org.jspecify.annotations.NullMarked;
