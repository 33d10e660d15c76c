from ._kalman import kalman_gain as kalman_gain
