/** What is searched: parameters, their conditions and constraints. */
@NullMarked
package org.mobula.tune.space;

import org.jspecify.annotations.NullMarked;
