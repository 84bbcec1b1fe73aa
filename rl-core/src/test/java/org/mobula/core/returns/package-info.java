@NullMarked
package org.mobula.core.returns;

import org.jspecify.annotations.NullMarked;
