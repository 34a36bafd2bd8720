// Package converttest converts models in tests.
package converttest

import (
	"context"

	"hf2olmo/convert"
)

// Convert prepares and writes one model.
func Convert(ctx context.Context, source string, o convert.Options) (*convert.Result, error) {
	c, err := convert.Prepare(ctx, source, o)
	if err != nil {
		return nil, err
	}
	return c.Write(ctx)
}
