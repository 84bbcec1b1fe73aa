/** Where parameters live: the store, its in-process form and its file format. */
@NullMarked
package org.mobula.core.parameters;

import org.jspecify.annotations.NullMarked;
