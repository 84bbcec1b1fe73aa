/** What can be served: tensors, signatures, and models that compute. */
@NullMarked
package org.mobula.serve.model;

import org.jspecify.annotations.NullMarked;
